import { ApiError, api, type Board } from "@gavel/api";
import { useChannel } from "@gavel/live";
import { EmptyState, ErrorNote, Link, Loading, Mark } from "@gavel/ui";
import { NetNote } from "../phone/NetNote";
import { useLoad } from "../shared/load";
import { Frame } from "../speed/Frame";
import css from "./BoardPage.module.css";
import { Course } from "./Course";
import { Episodes } from "./Episodes";
import { Facts } from "./Facts";
import { useT } from "./i18n";
import { Lines } from "./Lines";
import { Scores } from "./Scores";

function Table({ board }: { board: Board }) {
  const { t } = useT();
  return (
    <>
      <Lines
        rows={board.rows}
        above={board.closed && <p className={css.sealed}>{t("board.sealed", { count: board.sealed.length })}</p>}
        under={(row) => <Scores row={row} />}
      />
      {board.frozen && <p className={css.note}>{t("boards.frozen")}</p>}
      {board.close_call && <p className={css.note}>{t("board.close")}</p>}
      <p className={css.note}>{t("boards.about")}</p>
      <Weights board={board} />
    </>
  );
}

function Weights({ board }: { board: Board }) {
  const { t, number } = useT();
  if (!board.weights) return null;
  const { creativity, accuracy, speed } = board.weights;
  const share = (weight: number) => number(weight / (creativity + accuracy + speed), { style: "percent" });
  return (
    <p className={css.note}>
      {t("boards.weights", { creativity: share(creativity), accuracy: share(accuracy), speed: share(speed) })}
    </p>
  );
}

function Downloads({ board }: { board: Board }) {
  const { t } = useT();
  return (
    <p className={css.links}>
      {t("boards.export")}
      <a href="/api/leaderboard/export.csv">CSV</a>
      <a href="/api/leaderboard/export.json">JSON</a>
      {board.snapshot_id && !board.closed && (
        <a href={`/api/ratings/snapshots/${board.snapshot_id}`}>{t("boards.snapshot")}</a>
      )}
    </p>
  );
}

/** The season's board for everybody: numbers with their uncertainty, kept fresh by itself. */
export default function BoardPage({ season }: { season: string | null }) {
  const { t } = useT();
  const current = useLoad("season", () => api.get("/api/seasons/current"));
  const wanted = season ?? current.data?.id ?? null;
  const { state: board, status, stale } = useChannel<Board>(wanted && `board:${wanted}`);
  const name = current.data && current.data.id === wanted ? current.data.name : null;
  // Files and history are those of the season that is on.
  const here = current.data !== null && current.data.id === wanted;
  // Whether there is a season now says nothing about the board of a given one.
  const error = season === null ? current.error : null;
  const unknown = status === "missing" || (error instanceof ApiError && error.status === 404);
  return (
    <Frame title={t("board.title")} wide>
      <NetNote status={unknown ? "live" : status} stale={stale && !unknown} />
      {unknown && <EmptyState icon={<Mark size={72} />} title={t("board.empty")} />}
      {!unknown && !board && (error ? <ErrorNote error={error} retry={current.retry} /> : <Loading />)}
      {board?.closed && board.rows.length === 0 && (
        <EmptyState icon={<Mark size={72} />} title={t("board.closed")}>
          {t("board.closed_text")}
        </EmptyState>
      )}
      {board && !board.closed && board.rows.length === 0 && (
        <EmptyState icon={<Mark size={72} />} title={t("board.empty")}>
          {t("board.empty_text")}
        </EmptyState>
      )}
      {board && board.rows.length > 0 && (
        <div>
          <Facts
            of={name}
            from={board.duels > 0 ? t("boards.from", { count: board.duels }) : t("board.pending")}
            at={board.computed_at}
          />
          <Table board={board} />
          {here && <Downloads board={board} />}
          {here && !board.closed && <Course version={board.version} />}
        </div>
      )}
      {wanted && <Episodes season={wanted} />}
      <p className={css.links}>
        <Link to="/">{t("board.back")}</Link>
        <Link to="/suites">{t("boards.how")}</Link>
      </p>
    </Frame>
  );
}
