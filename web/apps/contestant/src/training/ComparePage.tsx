import type { TrainingPoint, TrainingRun } from "@gavel/api";
import { clockTime, PageHead } from "@gavel/desk";
import { Card, EmptyState, ErrorNote, Link, Loading } from "@gavel/ui";
import { Curves, LaneMark, laneOf } from "@gavel/ui/curves";
import { spotAt } from "@gavel/ui/curves/figures";
import { Scroll } from "@gavel/ui/scroll";
import { useQueries, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import { differing, MAIN, settingsOf, smooth, spotsOf } from "./figures";
import { HELD } from "./Outcome";
import { LEAST, MOST } from "./Runs";
import { pointsQuery, runQuery } from "./runs";
import { useFigure, useRunName, useSetting } from "./say";
import css from "./Training.module.css";

interface Compared {
  run: TrainingRun;
  points: TrainingPoint[];
}

/** Two to four runs over one another: their curves, what differs between them, and what came of each. */
export function ComparePage({ ids }: { ids: string[] }) {
  const { t } = useT();
  const queries = useQueryClient();
  const runs = useQueries({ queries: ids.map((id) => runQuery(id)) });
  const points = useQueries({ queries: ids.map((id, index) => pointsQuery(queries, id, runs[index]?.data)) });
  const error = [...runs, ...points].find((one) => one.error && !one.data)?.error;
  const all = ids.flatMap((_, index): Compared[] => {
    const [run, curve] = [runs[index]?.data, points[index]?.data];
    return run && curve ? [{ run, points: curve }] : [];
  });
  const first = all[0]?.run;
  return (
    <>
      <PageHead
        title={t("training.compare_title")}
        kicker={first && <Link to={`/entries/${first.entry_id}`}>← {first.entry}</Link>}
      />
      {ids.length < LEAST || ids.length > MOST ? (
        <EmptyState title={t("training.compare_bad")} />
      ) : error ? (
        <ErrorNote error={error} />
      ) : all.length < ids.length ? (
        <Loading />
      ) : (
        <>
          <Overlaid all={all} />
          <Differences all={all} />
        </>
      )}
    </>
  );
}

function Overlaid({ all }: { all: Compared[] }) {
  const { t, number } = useT();
  const figure = useFigure();
  const nameOf = useRunName();
  const [chosen, choose] = useState<number | null>(null);
  const last = Math.max(...all.map(({ points }) => points.at(-1)?.step ?? 0));
  const at = Math.min(chosen ?? last, last);
  const curves = all.map(({ run, points }, index) => ({
    ...laneOf(index),
    name: run.id,
    spots: smooth(spotsOf(points, MAIN)),
    head: <LaneMark index={index} />,
  }));
  const values = curves.map(({ spots }) => spotAt(spots, at)?.[1]);
  const said = values.map((value) => (value === undefined ? t("training.value_none") : figure(MAIN, value)));
  return (
    <Card className={css.curves}>
      <header>
        <h2>{t("training.curve.loss")}</h2>
        <p className={css.note}>
          {t("training.at_step", { step: at })} · {t("training.curve_mean")}
        </p>
      </header>
      <ul className={css.legend}>
        {all.map(({ run }, index) => (
          <li key={run.id}>
            <LaneMark index={index} />
            <Link to={`/training/${run.id}`}>{nameOf(run)}</Link>
            <b>{said[index]}</b>
          </li>
        ))}
      </ul>
      <div className={css.overlaid}>
        <Curves
          label={t("training.curve_label", { name: t("training.curve.loss") })}
          curves={curves}
          x={(step) => number(step)}
          y={(level) => figure(MAIN, level)}
          reader={{
            at,
            choose,
            said: t("training.said", { step: at, name: t("training.curve.loss"), value: said.join(" / ") }),
          }}
        />
      </div>
    </Card>
  );
}

function Differences({ all }: { all: Compared[] }) {
  const { t, number } = useT();
  const figure = useFigure();
  const setting = useSetting();
  const specs = all.map(({ run }) => run.spec);
  const keys = [...new Set(specs.flatMap(settingsOf))];
  const differ = differing(specs);
  const rows = [...keys.filter((key) => differ.has(key)), ...keys.filter((key) => !differ.has(key))];
  const none = t("training.value_none");
  const held = HELD.filter((name) => all.some(({ run }) => run.record?.held_out[`${name}_after`] !== undefined));
  return (
    <Card className={css.curves}>
      <h2>{t("training.compare_table")}</h2>
      <p className={css.note}>{t("training.settings_differ")}</p>
      <Scroll label={t("training.compare_table")}>
        <table className={css.table}>
          <thead>
            <tr>
              <td />
              {all.map(({ run }, index) => (
                <th key={run.id} scope="col">
                  <LaneMark index={index} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">{t("training.record_loss")}</th>
              {all.map(({ run }) => (
                <td key={run.id}>
                  {run.record?.first_loss == null || run.record.final_loss === null
                    ? none
                    : t("training.before_after", {
                        before: figure("loss", run.record.first_loss),
                        after: figure("loss", run.record.final_loss),
                      })}
                </td>
              ))}
            </tr>
            {held.map((name) => (
              <tr key={name}>
                <th scope="row">{t(`training.held.${name}`)}</th>
                {all.map(({ run }) => {
                  const before = run.record?.held_out[`${name}_before`];
                  const after = run.record?.held_out[`${name}_after`];
                  return (
                    <td key={run.id}>
                      {before === undefined || after === undefined
                        ? none
                        : t("training.before_after", { before: figure(name, before), after: figure(name, after) })}
                    </td>
                  );
                })}
              </tr>
            ))}
            <tr>
              <th scope="row">{t("training.record_tokens")}</th>
              {all.map(({ run }) => (
                <td key={run.id}>{number(run.tokens)}</td>
              ))}
            </tr>
            <tr>
              <th scope="row">{t("training.record_time")}</th>
              {all.map(({ run }) => (
                <td key={run.id}>{clockTime(run.seconds)}</td>
              ))}
            </tr>
            {rows.map((key) => (
              <tr key={key} data-differs={differ.has(key) || undefined}>
                <th scope="row">
                  {t(`training.field.${key}`)}
                  {differ.has(key) && <small> {t("training.differs")}</small>}
                </th>
                {all.map(({ run }) => (
                  <td key={run.id}>{settingsOf(run.spec).includes(key) ? setting(run.spec, key) : none}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}
