import type { TrainingRun } from "@gavel/api";
import { Meter, TrainingPill } from "@gavel/desk";
import { Button, ErrorNote, Link, navigate } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { isMoving, useRuns } from "./runs";
import { useFigure, useRunName } from "./say";
import css from "./Training.module.css";

export const LEAST = 2;
export const MOST = 4;

/** The training runs of an entry, the newest first; a few of them can be laid side by side. */
export function Runs({ entry }: { entry: string }) {
  const { t } = useT();
  const runs = useRuns();
  const [picked, setPicked] = useState<string[]>([]);
  const mine = runs.data?.filter((run) => run.entry_id === entry) ?? [];
  if (runs.error && !runs.data) return <ErrorNote error={runs.error} />;
  if (mine.length === 0) return null;
  const toggle = (id: string) =>
    setPicked((before) => (before.includes(id) ? before.filter((one) => one !== id) : [...before, id]));
  // They may be compared as soon as there is a curve.
  const comparable = mine.filter(({ step }) => step > 0).length >= LEAST;
  return (
    <section aria-labelledby="training-runs">
      <h2 id="training-runs" className={css.heading}>
        {t("training.runs")}
      </h2>
      <ul className={css.runs}>
        {mine.map((run) => (
          <RunRow
            key={run.id}
            run={run}
            picked={picked.includes(run.id)}
            full={picked.length >= MOST}
            toggle={comparable ? toggle : undefined}
          />
        ))}
      </ul>
      {comparable && (
        <div className={css.compare}>
          <Button disabled={picked.length < LEAST} onClick={() => navigate(`/training/compare/${picked.join(",")}`)}>
            {picked.length < LEAST ? t("training.compare") : t("training.compare_do", { count: picked.length })}
          </Button>
          <p className={css.note}>{t("training.compare_pick")}</p>
        </div>
      )}
    </section>
  );
}

interface RunRowProps {
  run: TrainingRun;
  picked: boolean;
  full: boolean;
  toggle: ((id: string) => void) | undefined;
}

function RunRow({ run, picked, full, toggle }: RunRowProps) {
  const { t } = useT();
  const figure = useFigure();
  const name = useRunName()(run);
  const { result, record } = run;
  const progress = t("training.meter_steps", { done: run.step, total: run.budget.steps });
  return (
    <li>
      {toggle && (
        <label className={css.pick}>
          <input
            type="checkbox"
            checked={picked}
            disabled={run.step === 0 || (full && !picked)}
            onChange={() => toggle(run.id)}
          />
          <span className="hidden">{t("training.select", { run: name })}</span>
        </label>
      )}
      <Link className={css.name} to={`/training/${run.id}`}>
        {name}
      </Link>
      <span className={css.states}>
        <TrainingPill state={run.state} />
        {result && (
          <Link to={`/submissions/${result.submission_id}`}>→ {t("entries.version", { n: result.version })}</Link>
        )}
      </span>
      <span className={css.aside}>
        {isMoving(run) ? (
          <Meter done={run.step} total={run.state === "queued" ? 0 : run.budget.steps} label={progress} />
        ) : null}
        {record?.final_loss != null && `${t("training.curve.loss")} ${figure("loss", record.final_loss)}`}
      </span>
    </li>
  );
}
