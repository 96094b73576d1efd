import { ApiError, api, type BoardOrigins } from "@gavel/api";
import { Card, EmptyState, ErrorNote, Link, Loading, Mark, useEntryName } from "@gavel/ui";
import type { ReactNode } from "react";
import { useLoad } from "../shared/load";
import { Frame } from "../speed/Frame";
import css from "./Entry.module.css";
import { useT } from "./i18n";
import { interval, place } from "./Rows";
import { Scores } from "./Scores";

/** What every figure in a row of the board follows from, each with the way to it. */
export default function EntryPage({ entry }: { entry: string }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const origins = useLoad(`origins ${entry}`, () =>
    api.get("/api/leaderboard/entries/{entry_id}", { params: { path: { entry_id: entry } } }),
  );
  const gone = origins.error instanceof ApiError && origins.error.status === 404;
  return (
    <Frame title={origins.data ? nameOf(origins.data.row) : t("boards.origins")}>
      <p className={css.back}>
        <Link to="/board">← {t("board.title")}</Link>
      </p>
      {gone && <EmptyState icon={<Mark size={72} />} title={t("boards.gone")} />}
      {!origins.data &&
        !gone &&
        (origins.error ? <ErrorNote error={origins.error} retry={origins.retry} /> : <Loading />)}
      {origins.data && <Known origins={origins.data} />}
    </Frame>
  );
}

function Known({ origins }: { origins: BoardOrigins }) {
  const { t } = useT();
  const { row } = origins;
  return (
    <>
      <p className={css.lead}>
        {t("board.rank")} {place(row)} · {t("board.rating")}{" "}
        {row.rating === null ? t("board.pending") : `${Math.round(row.rating)} ${interval(row)}`}
      </p>
      <Scores row={row} />
      <Part title={t("boards.duels")}>
        {origins.duels === null && <p>{t("boards.duels_unknown")}</p>}
        {origins.duels?.length === 0 && <p>{t("boards.duels_none")}</p>}
        {origins.duels && origins.duels.length > 0 && <Duels duels={origins.duels} />}
        {origins.snapshot_id && (
          <p>
            <a href={`/api/ratings/snapshots/${origins.snapshot_id}`}>{t("boards.snapshot")}</a>
          </p>
        )}
      </Part>
      <Part title={t("boards.suites")}>
        {origins.suites.length === 0 ? <p>{t("boards.suites_none")}</p> : <Suites suites={origins.suites} />}
      </Part>
      <Part title={t("boards.runs")}>
        {origins.speed.length === 0 ? <p>{t("boards.runs_none")}</p> : <Runs runs={origins.speed} />}
      </Part>
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Card className={css.card}>
      <h2>{title}</h2>
      {children}
    </Card>
  );
}

function Duels({ duels }: { duels: NonNullable<BoardOrigins["duels"]> }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const counts = ([mine = 0, theirs = 0, tie = 0, bad = 0]: readonly number[]) =>
    t("boards.counts", { mine, theirs, draws: tie + bad });
  return (
    <ul className={css.list}>
      {duels.map((duel) => (
        <li key={duel.duel_id}>
          <b>{t("boards.duel", { episode: duel.episode, number: duel.number })}</b>{" "}
          {t("boards.against", { name: nameOf(duel.opponent) })}
          <small>
            {t("boards.crowd")}: {counts(duel.crowd)} · {t("boards.judges")}: {counts(duel.judges)}
          </small>
          <span className={css.links}>
            <Link to={`/duel/${duel.duel_id}`}>{t("boards.answers")}</Link>
            <Link to={`/check/${duel.ballot_id}`}>{t("boards.ballot")}</Link>
            <Link to={`/board/episode/${duel.episode_id}`}>{t("boards.after_episode", { number: duel.episode })}</Link>
          </span>
        </li>
      ))}
    </ul>
  );
}

function Suites({ suites }: { suites: BoardOrigins["suites"] }) {
  const { t, number } = useT();
  const percent = (value: number) => number(value, { style: "percent", maximumFractionDigits: 1 });
  return (
    <ul className={css.list}>
      {suites.map(({ suite, weight, accuracy }) => (
        <li key={suite}>
          <Link to={`/suites/${suite}`}>{suite}</Link> {accuracy ? <b>{percent(accuracy.value)}</b> : t("board.none")}
          <small>{weight > 0 ? t("boards.share", { value: percent(weight) }) : t("boards.aside")}</small>
        </li>
      ))}
    </ul>
  );
}

function Runs({ runs }: { runs: BoardOrigins["speed"] }) {
  const { t } = useT();
  return (
    <ul className={css.list}>
      {runs.map((run) => (
        <li key={run.run_id}>
          <Link to={`/speed/${run.run_id}`}>
            {t(run.kind === "quiz" ? "boards.quiz" : "boards.run", { number: run.number })}
          </Link>
          {(run.void || run.counts) && <small>{t(run.void ? "boards.void" : "boards.counted")}</small>}
        </li>
      ))}
    </ul>
  );
}
