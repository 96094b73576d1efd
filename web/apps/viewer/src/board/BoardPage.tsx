import { ApiError, api, type Board, type BoardRow } from "@gavel/api";
import { useChannel } from "@gavel/live";
import {
  type Axis,
  axisOf,
  cx,
  EmptyState,
  ErrorNote,
  IntervalBar,
  Link,
  Loading,
  Mark,
  OtherLanguage,
  useEntryName,
} from "@gavel/ui";
import { useEffect } from "react";
import { NetNote } from "../phone/NetNote";
import { useLoad } from "../shared/load";
import css from "./BoardPage.module.css";
import { Course } from "./Course";
import { useT } from "./i18n";
import { interval, place } from "./Rows";
import { Scores } from "./Scores";

const HOUSE_RATING = 1000;

/** Round ratings that divide the axis in about five. */
export function ticks({ min, max }: Axis): number[] {
  const step = [10, 20, 25, 50, 100, 200, 250, 500].find((size) => (max - min) / size <= 6) ?? 1000;
  const first = Math.ceil(min / step) * step;
  return Array.from({ length: Math.floor((max - first) / step) + 1 }, (_, index) => first + index * step);
}

function Scale({ axis }: { axis: Axis }) {
  return (
    <span className={css.scale} aria-hidden="true">
      {ticks(axis).map((rating) => (
        <i key={rating} style={{ left: `${(100 * (rating - axis.min)) / (axis.max - axis.min)}%` }}>
          {rating}
        </i>
      ))}
    </span>
  );
}

/** On a wide page the heads above say it for the eye; a screen reader needs it in each line. */
function Label({ children }: { children: string }) {
  return <span className="hidden">{children} </span>;
}

function Line({ row, axis }: { row: BoardRow; axis: Axis }) {
  const { t } = useT();
  const nameOf = useEntryName();
  return (
    <li className={cx(css.row, row.rank === 1 && css.first)}>
      <span className={css.rank}>
        <Label>{t("board.rank")}</Label>
        {place(row)}
      </span>
      <b className={css.name}>
        <Link to={`/entry/${row.entry_id}`}>{nameOf(row)}</Link>
      </b>
      <span className={css.rating}>
        <Label>{t("board.rating")}</Label>
        {row.rating == null ? (
          <small>{t("board.pending")}</small>
        ) : (
          <>
            <b>{Math.round(row.rating)}</b>
            <small>{interval(row)}</small>
          </>
        )}
      </span>
      <span className={css.bar}>
        {row.rating != null && row.lo != null && row.hi != null && (
          <IntervalBar
            value={row.rating}
            lo={row.lo}
            hi={row.hi}
            axis={axis}
            base={HOUSE_RATING}
            tone={row.rank === 1 ? "#8d6f2c" : undefined}
          />
        )}
      </span>
      <Scores row={row} />
    </li>
  );
}

function Table({ board }: { board: Board }) {
  const { t } = useT();
  const axis = axisOf(board.rows, [HOUSE_RATING]);
  const rated = board.rows.some((row) => row.lo !== null);
  return (
    <>
      <div className={cx(css.row, css.heads)} aria-hidden="true">
        <span>{t("board.rank")}</span>
        <span>{t("board.entry")}</span>
        <span className={css.rating}>{t("board.rating")}</span>
        {rated ? <Scale axis={axis} /> : <span />}
      </div>
      {board.closed && <p className={css.sealed}>{t("board.sealed", { count: board.sealed.length })}</p>}
      <ol>
        {board.rows.map((row) => (
          <Line key={row.entry_id} row={row} axis={axis} />
        ))}
      </ol>
      {board.frozen && <p className={css.note}>{t("board.frozen")}</p>}
      {board.close_call && <p className={css.note}>{t("board.close")}</p>}
      <p className={css.note}>{t("board.about")}</p>
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
    <p className={css.downloads}>
      {t("boards.export")}
      <a href="/api/leaderboard/export.csv">CSV</a>
      <a href="/api/leaderboard/export.json">JSON</a>
      {board.snapshot_id && !board.closed && (
        <a href={`/api/ratings/snapshots/${board.snapshot_id}`}>{t("boards.snapshot")}</a>
      )}
    </p>
  );
}

function Facts({ board, season }: { board: Board; season: string | null }) {
  const { t, language } = useT();
  const time = board.computed_at
    ? new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en", { dateStyle: "medium", timeStyle: "short" }).format(
        Date.parse(board.computed_at),
      )
    : null;
  return (
    <p className={css.facts}>
      {[season, t("board.kicker")].filter(Boolean).join(" · ")}
      <br />
      {board.duels > 0 ? t("board.duels", { count: board.duels }) : t("board.pending")}
      {time && ` · ${t("board.updated", { time })}`}
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
  useEffect(() => {
    document.title = `${t("board.title")} · Gavel`;
  }, [t]);
  return (
    <div className={css.page}>
      <header className={css.top}>
        <Link to="/" aria-label={t("board.back")} className={css.home}>
          <Mark size={40} />
        </Link>
        <h1>{t("board.title")}</h1>
        <OtherLanguage />
      </header>
      <NetNote status={unknown ? "live" : status} stale={stale && !unknown} />
      <main className={css.main}>
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
          <>
            <Facts board={board} season={name} />
            <Table board={board} />
            {here && <Downloads board={board} />}
            {here && !board.closed && <Course version={board.version} />}
          </>
        )}
      </main>
      <footer className={css.bottom}>
        <Link to="/">{t("board.back")}</Link>
        <Link to="/suites">{t("board.suites")}</Link>
      </footer>
    </div>
  );
}
