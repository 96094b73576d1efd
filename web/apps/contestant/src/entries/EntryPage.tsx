import type { Entry, Season } from "@gavel/api";
import { bytes, PageHead, Pill, useTimes } from "@gavel/desk";
import { Button, Card, EmptyState, ErrorNote, Link, Loading, navigate } from "@gavel/ui";
import { useEntries, useSeason } from "../app/queries";
import { StatePill } from "../app/StatePill";
import { Candidates } from "../decide/Candidates";
import { Competing } from "../decide/Competing";
import { Decide } from "../decide/Decide";
import { useT } from "../i18n";
import { PracticeCard } from "../practice/PracticeCard";
import { GiveToTeam } from "../team/GiveToTeam";
import { Runs } from "../training/Runs";
import { counts } from "../upload/quota";
import { UploadCard } from "../upload/UploadCard";
import css from "./EntryPage.module.css";

/** One entry: upload its next version, look back at the earlier ones. */
export function EntryPage({ id }: { id: string }) {
  const { t } = useT();
  const entries = useEntries();
  const season = useSeason();
  const error = entries.error ?? season.error;
  if (error && !(entries.data && season.data)) return <ErrorNote error={error} />;
  if (!entries.data || !season.data) return <Loading />;
  const entry = entries.data.find((one) => one.id === id);
  if (!entry) {
    return (
      <EmptyState
        heading="h1"
        title={t("entry.missing")}
        action={<Button onClick={() => navigate("/")}>{t("entry.back")}</Button>}
      />
    );
  }
  return <Known entry={entry} entries={entries.data} season={season.data} />;
}

interface KnownProps {
  entry: Entry;
  /** All of mine. */
  entries: Entry[];
  season: Season;
}

function Known({ entry, entries, season }: KnownProps) {
  const { t } = useT();
  const used = entry.submissions.filter(counts).length;
  return (
    <>
      <PageHead title={entry.name} kicker={<Link to="/">← {t("entry.back")}</Link>}>
        {entry.team !== null && <p>{t("entry.of_team", { team: entry.team })}</p>}
        {t("entry.used", { count: used, limit: season.max_versions })}
      </PageHead>
      <GiveToTeam entry={entry} />
      <Card className={css.upload}>
        <h2>{t("entry.upload")}</h2>
        <UploadCard entry={entry} entries={entries} season={season} />
      </Card>
      <h2 className={css.heading}>{t("entry.versions")}</h2>
      {entry.submissions.length > 0 ? (
        <>
          <Competing entry={entry} season={season} />
          <Versions entry={entry} season={season} />
          <Candidates entry={entry} />
          {season.track.training && <Runs entry={entry.id} />}
          <PracticeCard entry={entry} season={season} />
        </>
      ) : (
        <p className={css.note}>{t("entry.none")}</p>
      )}
    </>
  );
}

function Versions({ entry, season }: { entry: Entry; season: Season }) {
  const { t } = useT();
  const { moment } = useTimes();
  return (
    <table className={css.versions}>
      <thead>
        <tr>
          <th>{t("entry.column_version")}</th>
          <th>{t("entry.column_state")}</th>
          <th className={css.extra}>{t("entry.column_rank")}</th>
          <th className={css.extra}>{t("entry.column_size")}</th>
          <th>{t("entry.column_date")}</th>
        </tr>
      </thead>
      <tbody>
        {entry.submissions.map((one) => (
          <tr key={one.id}>
            <td>
              <Link to={`/submissions/${one.id}`}>{t("entries.version", { n: one.version })}</Link>
              <small className={css.kind}>{t(`kind.${one.artifact}.name`)}</small>
            </td>
            <td>
              <span className={css.states}>
                <StatePill submission={one} />
                {one.id === entry.competing?.submission_id && <Pill tone="calm">{t("entry.playing")}</Pill>}
              </span>
              <Decide submission={one} entry={entry} season={season} />
            </td>
            <td className={css.extra}>{one.rank ?? "–"}</td>
            <td className={css.extra}>{bytes(one.size_bytes)}</td>
            <td className={css.date}>{moment(one.created_at)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
