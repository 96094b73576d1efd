import type { TrainingRun } from "@gavel/api";
import { clockTime, Meter, useReason, useTimes, useTrainingRefusal, useWhy } from "@gavel/desk";
import { Card, cx, Link } from "@gavel/ui";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import { isMoving } from "./runs";
import css from "./Training.module.css";

const LOOKS: Partial<Record<TrainingRun["state"], string | undefined>> = {
  done: css.good,
  refused: css.bad,
  failed: css.warn,
};

/** The one thing to know at this moment, and how much of the budget is used. */
export function RunNow({ run, children }: { run: TrainingRun; children: ReactNode }) {
  const { t } = useT();
  const { moment } = useTimes();
  return (
    <Card className={cx(css.now, LOOKS[run.state])}>
      {/* The meters change many times a minute: only the turns are read out. */}
      <div className={css.news} aria-live="polite">
        <h2>{t(`training.now.${run.state}`, { step: run.checkpoint_step ?? 0 })}</h2>
        {run.race && isMoving(run) && (
          <p>{t(run.at_line ? "training.race_line" : "training.race_is", { name: run.race.name })}</p>
        )}
        {run.state === "refused" && <Refused run={run} />}
        {run.state === "paused" && run.paused_until && (
          <p>{t("training.paused_until", { time: moment(run.paused_until) })}</p>
        )}
        <Why run={run} />
        {run.state === "done" && <Done run={run} />}
      </div>
      {run.waiting && <Waits waiting={run.waiting} />}
      {run.progress && run.step === 0 && <Prepares progress={run.progress} />}
      {(run.step > 0 || run.state === "running") && <Used run={run} />}
      {children}
    </Card>
  );
}

function Waits({ waiting }: { waiting: NonNullable<TrainingRun["waiting"]> }) {
  const { t } = useT();
  const { clock } = useTimes();
  const reason = useReason()(waiting.reason);
  const place = waiting.position > 0 ? t("waiting.position", { count: waiting.position }) : t("waiting.next");
  return (
    <>
      <p>
        {reason} · {place}
      </p>
      <p className={css.note}>{t("waiting.deadline", { time: clock(waiting.deadline) })}</p>
    </>
  );
}

/** Before the first step: what the lab loads. */
function Prepares({ progress }: { progress: NonNullable<TrainingRun["progress"]> }) {
  const { find } = useT();
  const words = find(`training.progress.${progress.note}`);
  return words && <p className={css.note}>{words}</p>;
}

function Why({ run }: { run: TrainingRun }) {
  const why = useWhy()(run);
  return why && <p className={css.note}>{why}</p>;
}

function Done({ run }: { run: TrainingRun }) {
  const { t, find } = useT();
  const { result, stopped, reason, code } = run;
  return (
    <>
      {stopped && <p>{t(`training.stopped.${stopped}`)}</p>}
      {result ? (
        <p>
          <Link className={css.result} to={`/submissions/${result.submission_id}`}>
            {t("training.result", { version: result.version })}
          </Link>
          {t("training.result_text")}
        </p>
      ) : (
        <p>
          {find(`error.${code}`) ?? reason} {t("training.kept")}
        </p>
      )}
    </>
  );
}

function Refused({ run }: { run: TrainingRun }) {
  const refusal = useTrainingRefusal()(run);
  if (!refusal) return null;
  return (
    <>
      <p className={css.reason}>{refusal.what}</p>
      {refusal.where && <p className={css.facts}>{refusal.where}</p>}
      {refusal.fix && <p>{refusal.fix}</p>}
    </>
  );
}

/** Each budget as a bar: the first that is full ends the run. */
function Used({ run }: { run: TrainingRun }) {
  const { t, number } = useT();
  const { budget } = run;
  // In a race the clock is the rule, and there is no other.
  const bars = [
    ["steps", run.step, budget.steps, number],
    ["tokens", run.tokens, budget.tokens, number],
    ["clock", run.seconds, budget.seconds, clockTime],
  ] as const;
  return (
    <>
      <ul className={css.used} aria-label={t("training.budget")}>
        {bars
          .filter(([name]) => !run.race || name === "clock")
          .map(([name, done, total, say]) => {
            const label = t(`training.meter_${name}`, { done: say(Math.floor(done)), total: say(total) });
            return (
              <li key={name}>
                <span>{label}</span>
                <Meter done={done} total={total} label={label} />
              </li>
            );
          })}
      </ul>
      {isMoving(run) && <p className={css.note}>{t("training.budget_note")}</p>}
    </>
  );
}
