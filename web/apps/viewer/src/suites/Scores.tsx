import type { Suite, SuiteScores } from "@gavel/api";
import { IntervalBar, useEntryName } from "@gavel/ui";
import { corner, half } from "@gavel/ui/interval";
import { Radar, type Shape } from "@gavel/ui/radar";
import { Scroll } from "@gavel/ui/scroll";
import { useState } from "react";
import { useT } from "./i18n";
import css from "./Suites.module.css";

export type ScoreRow = SuiteScores["rows"][number];

/** Scores times 100: below 0 is worse than guessing. */
const AXIS = { min: -60, max: 120 };

/** Who has scored what, with intervals; and by task for whoever wants to look closer. */
export function Scores({ suite, scores }: { suite: Suite; scores: SuiteScores }) {
  const { t } = useT();
  const measured = scores.rows.filter((row) => row.accuracy !== null);
  return (
    <>
      {scores.frozen && <p className={css.note}>{t("suites.frozen")}</p>}
      {measured.length === 0 ? (
        <p>{t("suites.scores_none")}</p>
      ) : (
        <>
          <p className={css.note}>{t("suites.scores_lead")}</p>
          <ol className={css.scores}>
            {measured.map((row) => (
              <Line key={row.entry_id} row={row} />
            ))}
          </ol>
          <ByTask suite={suite} rows={measured} />
        </>
      )}
    </>
  );
}

function Line({ row }: { row: ScoreRow }) {
  const { t, number } = useT();
  const nameOf = useEntryName();
  const { accuracy } = row;
  if (accuracy === null) return null;
  // A score that somebody has set has no error of measurement.
  const reach = half(accuracy.stderr ?? 0);
  const points = (share: number) => number(Math.round(100 * share));
  return (
    <li className={css.row}>
      <b>{nameOf(row)}</b>
      <span className={css.value}>
        <b>{points(accuracy.value)}</b> {accuracy.stderr !== null && <small>± {points(reach)}</small>}
      </span>
      <IntervalBar
        className={css.bar}
        value={100 * accuracy.value}
        lo={100 * (accuracy.value - reach)}
        hi={100 * (accuracy.value + reach)}
        axis={AXIS}
        base={0}
      />
      <small className={css.about}>
        {row.extent && t(`suites.extent.${row.extent}`)}
        {row.hardware_class && ` · ${row.hardware_class}`}
        {row.attestation && (
          <>
            {" · "}
            <a href={`/api/attestations/${row.attestation}`}>{t("suites.attested")}</a>
          </>
        )}
        {row.override && <span> · {t("suites.override", { reason: row.override })}</span>}
        {accuracy.stale && <span> · {t("suites.stale")}</span>}
      </small>
    </li>
  );
}

/** One entry's profile beside the house's. */
function ByTask({ suite, rows }: { suite: Suite; rows: ScoreRow[] }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const house = rows.find((row) => row.kind === "house");
  const others = rows.filter((row) => row.kind !== "house");
  const [chosen, choose] = useState<string | null>(null);
  const shown = others.find((row) => row.entry_id === chosen) ?? others[0] ?? house;
  if (!shown) return null;
  return (
    <section className={css.bytask} aria-labelledby="by-task">
      <h3 id="by-task">{t("suites.by_task")}</h3>
      {others.length > 1 && (
        <select
          className={css.select}
          aria-label={t("suites.choose")}
          value={shown.entry_id}
          onChange={(event) => choose(event.target.value)}
        >
          {others.map((row) => (
            <option key={row.entry_id} value={row.entry_id}>
              {nameOf(row)}
            </option>
          ))}
        </select>
      )}
      <Profile suite={suite} row={shown} house={house === shown ? undefined : house} />
    </section>
  );
}

interface ProfileProps {
  suite: Suite;
  row: ScoreRow;
  house: ScoreRow | undefined;
}

function Profile({ suite, row, house }: ProfileProps) {
  const { t, language } = useT();
  const nameOf = useEntryName();
  const titles = row.tasks.map(
    ({ task }) => suite.families.find((family) => family.name === task)?.title[language] ?? task,
  );
  return (
    <div className={css.profile}>
      {row.tasks.length >= 3 && (
        <Radar className={css.drawing} label={t("suites.by_task")} axes={titles} shapes={shapesOf(row, house)} />
      )}
      <Scroll label={t("suites.by_task")}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{t("suites.task")}</th>
              <th scope="col">
                <i className={css.disc} /> {nameOf(row)}
              </th>
              {house && (
                <th scope="col">
                  <i className={css.square} /> {nameOf(house)}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {row.tasks.map((task, index) => (
              <tr key={task.task}>
                <th scope="row">
                  {index + 1}. {titles[index]}
                </th>
                <td>
                  <Points task={task} />
                </td>
                {house && (
                  <td>
                    <Points task={house.tasks.find((one) => one.task === task.task)} />
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </div>
  );
}

function Points({ task }: { task: ScoreRow["tasks"][number] | undefined }) {
  const { number } = useT();
  if (!task) return "–";
  const points = (share: number) => number(Math.round(100 * share));
  return (
    <>
      {points(task.score)} <span className={css.error}>± {points(half(task.stderr))}</span>
    </>
  );
}

/** The house lies below, and only where it was asked the same. */
export function shapesOf(row: ScoreRow, house: ScoreRow | undefined): Shape[] {
  const mine: Shape = { name: row.entry_id, tone: "var(--gold)", look: "disc", corners: row.tasks.map(corner) };
  const theirs = row.tasks.map(({ task }) => house?.tasks.find((one) => one.task === task));
  if (!house || theirs.some((one) => one === undefined)) return [mine];
  const corners = theirs.map((one) => ({ at: (one as ScoreRow["tasks"][number]).score }));
  return [{ name: house.entry_id, tone: "var(--mute)", look: "square", corners }, mine];
}
