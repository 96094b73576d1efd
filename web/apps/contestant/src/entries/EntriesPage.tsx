import type { BoardRow, Entry } from "@gavel/api";
import { PageHead, Pill, useTimes } from "@gavel/desk";
import { Card, ErrorNote, Link, Loading, Mark } from "@gavel/ui";
import { half } from "@gavel/ui/interval";
import { useBoard, useEntries, useSeason } from "../app/queries";
import { StatePill } from "../app/StatePill";
import { useT } from "../i18n";
import { MayEnter } from "../team/MayEnter";
import { shareOf } from "../upload/progress";
import { TONES } from "../upload/Sending";
import { isRunning, useUploadOf } from "../upload/useUpload";
import css from "./EntriesPage.module.css";
import { NewEntry } from "./NewEntry";
import { SeasonRules } from "./SeasonRules";

export function EntriesPage() {
  const { t } = useT();
  const entries = useEntries();
  const season = useSeason();
  const board = useBoard();
  const row = (id: string) => board.data?.rows.find((one) => one.entry_id === id);
  const measured = entries.data?.some(({ id }) => row(id)?.accuracy?.stderr != null || row(id)?.hi != null);
  return (
    <>
      <PageHead title={t("entries.title")}>{t("entries.lead")}</PageHead>
      <div className={css.columns}>
        <div className={css.list}>
          {entries.error && <ErrorNote error={entries.error} />}
          {entries.isPending && !entries.error && <Loading />}
          {entries.data?.map((entry) => (
            <EntryCard key={entry.id} entry={entry} row={row(entry.id)} />
          ))}
          {measured && <p className={css.standing}>{t("entries.plus_minus")}</p>}
          {entries.data?.length === 0 && <FirstEntry />}
          {entries.data && entries.data.length > 0 && (
            <Card>
              <h2 className={css.new}>{t("entries.new")}</h2>
              <MayEnter>
                <NewEntry first={false} />
              </MayEnter>
            </Card>
          )}
        </div>
        <aside>{season.data && <SeasonRules season={season.data} />}</aside>
      </div>
    </>
  );
}

function EntryCard({ entry, row }: { entry: Entry; row: BoardRow | undefined }) {
  const { t } = useT();
  const { moment } = useTimes();
  const newest = entry.submissions[0];
  return (
    <Card className={css.entry}>
      <div className={css.title}>
        <h2>
          <Link to={`/entries/${entry.id}`}>{entry.name}</Link>
        </h2>
        {entry.team !== null && <p className={css.standing}>{t("entry.of_team", { team: entry.team })}</p>}
        <Standing row={row} />
      </div>
      {newest ? (
        <div className={css.newest}>
          <Link to={`/submissions/${newest.id}`} className={css.version}>
            {t("entries.version", { n: newest.version })}
          </Link>
          <StatePill submission={newest} />
          <span className={css.date}>{moment(newest.created_at)}</span>
        </div>
      ) : (
        <p className={css.date}>{t("entries.no_version")}</p>
      )}
      <OnItsWay entry={entry} />
      <Link to={`/entries/${entry.id}`} className={css.upload}>
        {t(entry.submissions.some((one) => one.state === "uploading") ? "entries.go_on" : "entries.upload")}
      </Link>
    </Card>
  );
}

/** An upload that goes on while the contestant looks at this page, or one that waits to be gone on with. */
function OnItsWay({ entry }: { entry: Entry }) {
  const { t, number } = useT();
  const upload = useUploadOf(entry.id);
  const unfinished = entry.submissions.find((one) => one.state === "uploading");
  if (isRunning(upload)) {
    return (
      <p role="status">
        <Pill tone={TONES[upload.step]}>{t(`upload.pill.${upload.step}`)}</Pill>
      </p>
    );
  }
  if (unfinished) {
    const share = number(shareOf(unfinished), { style: "percent" });
    return (
      <p>
        <Pill tone="warn">{t("upload.pill.unfinished", { n: unfinished.version, share })}</Pill>
      </p>
    );
  }
  if (upload.step !== "failed") return null;
  return (
    <p role="status">
      <Pill tone="bad">{t("upload.failed")}</Pill>
    </p>
  );
}

/** Rank, rating and accuracy from the board, as far as they exist. */
function Standing({ row }: { row: BoardRow | undefined }) {
  const { t, number } = useT();
  if (!row) return null;
  const share = (value: number) => number(Math.round(100 * value));
  const parts = [
    row.rank != null && t("entries.rank", { rank: row.rank }),
    row.rating != null && row.hi != null
      ? t("entries.rating", { rating: Math.round(row.rating), half: Math.round(row.hi - row.rating) })
      : t("entries.unrated"),
    row.accuracy != null &&
      (row.accuracy.stderr === null
        ? t("entries.accuracy_set", { value: share(row.accuracy.value) })
        : t("entries.accuracy", { value: share(row.accuracy.value), half: share(half(row.accuracy.stderr)) })),
  ];
  return <p className={css.standing}>{parts.filter(Boolean).join(" · ")}</p>;
}

function FirstEntry() {
  const { t } = useT();
  const steps = ["name", "upload", "verdict", "stage"] as const;
  return (
    <Card className={css.first}>
      <Mark size={56} />
      <h2>{t("entries.empty")}</h2>
      <p>{t("entries.empty_text")}</p>
      <ol>
        {steps.map((step, index) => (
          <li key={step}>
            <b>{index + 1}</b>
            {t(`entries.step_${step}`)}
          </li>
        ))}
      </ol>
      <MayEnter>
        <NewEntry first />
      </MayEnter>
    </Card>
  );
}
