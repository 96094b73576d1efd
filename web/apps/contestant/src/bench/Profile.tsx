import type { Comparison, Run, TaskScore } from "@gavel/api";
import { SelectField } from "@gavel/desk";
import { Card, ErrorNote, IntervalBar, useEntryName } from "@gavel/ui";
import { corner, half } from "@gavel/ui/interval";
import { Radar, type Shape } from "@gavel/ui/radar";
import { Scroll } from "@gavel/ui/scroll";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { othersCorners, signed } from "./figures";
import { MadeOn } from "./MadeOn";
import { useComparisons } from "./runs";
import { taskName, useSuite } from "./suite";

/** Scores times 100: below 0 is worse than guessing. */
const AXIS = { min: -60, max: 120 };
const NOBODY = "nobody";

/** What a run has scored, task by task: a drawing for the eye, a table with the same figures for everybody. */
export function Profile({ run }: { run: Run }) {
  const { t } = useT();
  const comparisons = useComparisons(run);
  const [wanted, want] = useState<string | null>(null);
  const all = comparisons.data ?? [];
  const other = wanted === NOBODY ? undefined : (all.find((one) => one.run_id === wanted) ?? all[0]);
  return (
    <Card className={css.scores}>
      <Overall run={run} other={other} />
      {all.length > 0 && <Against comparisons={all} shown={other?.run_id ?? NOBODY} onChoose={want} />}
      {comparisons.error && <ErrorNote error={comparisons.error} />}
      <p className={css.note}>{t("bench.lead")}</p>
      <div className={css.profile}>
        {run.tasks.length >= 3 && <Drawing run={run} other={other} />}
        <Table run={run} other={other} />
      </div>
      <MadeOn run={run} />
    </Card>
  );
}

function useOthersName(): (other: Comparison) => string {
  const { t } = useT();
  const nameOf = useEntryName();
  return ({ entry }) => (entry.kind === "house" ? nameOf(entry) : t("entries.version", { n: entry.version }));
}

function Overall({ run, other }: { run: Run; other: Comparison | undefined }) {
  const { t, number } = useT();
  const othersName = useOthersName();
  const points = (share: number) => number(Math.round(100 * share));
  if (!run.accuracy) return null;
  const gap = other?.overall;
  return (
    <p className={css.overall}>
      <span>{t("bench.overall")}</span>
      <b>{points(run.accuracy.value)}</b>
      {run.accuracy.stderr !== null && <span>± {points(half(run.accuracy.stderr))}</span>}
      {other && gap && (
        <span>
          {t(gap.tie ? "bench.tie_with" : gap.difference > 0 ? "bench.above" : "bench.below", {
            name: othersName(other),
            points: Math.abs(Math.round(100 * gap.difference)),
          })}
        </span>
      )}
    </p>
  );
}

interface AgainstProps {
  comparisons: Comparison[];
  shown: string;
  onChoose: (run: string) => void;
}

function Against({ comparisons, shown, onChoose }: AgainstProps) {
  const { t } = useT();
  const othersName = useOthersName();
  return (
    <div className={css.choice}>
      <SelectField label={t("bench.compare")} value={shown} onChange={(event) => onChoose(event.target.value)}>
        {comparisons.map((one) => (
          <option key={one.run_id} value={one.run_id}>
            {othersName(one)}
          </option>
        ))}
        <option value={NOBODY}>{t("bench.compare_nobody")}</option>
      </SelectField>
    </div>
  );
}

function Drawing({ run, other }: { run: Run; other: Comparison | undefined }) {
  const { t, language } = useT();
  const suite = useSuite(run.suite).data;
  const othersName = useOthersName();
  const mine: Shape = { name: "mine", tone: "var(--gold)", look: "disc", corners: run.tasks.map(corner) };
  const theirs = other && othersCorners(run, other);
  const shapes: Shape[] = theirs
    ? [{ name: "other", tone: "var(--mute)", look: "square", corners: theirs }, mine]
    : [mine];
  return (
    <figure className={css.drawing}>
      <Radar
        label={t("bench.radar")}
        axes={run.tasks.map(({ task }) => taskName(suite, task, language))}
        shapes={shapes}
      />
      <figcaption>
        <i data-look="disc" /> {t("bench.mine")}
        {other && theirs && (
          <>
            <i data-look="square" /> {othersName(other)}
          </>
        )}
      </figcaption>
    </figure>
  );
}

function Table({ run, other }: { run: Run; other: Comparison | undefined }) {
  const { t, language } = useT();
  const suite = useSuite(run.suite).data;
  const othersName = useOthersName();
  return (
    <Scroll label={t("bench.by_task")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("bench.task")}</th>
            <th scope="col" className={css.right}>
              {t("bench.score")}
            </th>
            <td className={css.bar} />
            {other && (
              <th scope="col" className={css.right}>
                {othersName(other)}
              </th>
            )}
            <th scope="col" className={css.right}>
              {t("bench.right")}
            </th>
            <th scope="col" className={css.chance}>
              {t("bench.chance")}
            </th>
          </tr>
        </thead>
        <tbody>
          {run.tasks.map((task, index) => (
            <Row
              key={task.task}
              task={task}
              name={`${index + 1}. ${taskName(suite, task.task, language)}`}
              other={other}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Row({ task, name, other }: { task: TaskScore; name: string; other: Comparison | undefined }) {
  const { t, number } = useT();
  const reach = half(task.stderr);
  const found = other?.tasks.find((one) => one.task === task.task);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className={css.right}>
        <b>{number(Math.round(100 * task.score))}</b> <span>± {number(Math.round(100 * reach))}</span>
      </td>
      <td className={css.bar}>
        <IntervalBar
          value={100 * task.score}
          lo={100 * (task.score - reach)}
          hi={100 * (task.score + reach)}
          axis={AXIS}
          base={0}
        />
      </td>
      {other && (
        <td className={css.right}>
          {found ? (
            <>
              {number(Math.round(100 * found.other))}{" "}
              <span>{found.tie ? t("bench.tie") : signed(found.difference)}</span>
            </>
          ) : (
            "–"
          )}
        </td>
      )}
      <td className={css.right}>{t("bench.right_value", { right: Math.round(task.accuracy * task.n), n: task.n })}</td>
      <td className={css.chance}>{number(task.chance, { style: "percent" })}</td>
    </tr>
  );
}
