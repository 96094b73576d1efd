import { api, type TrainingRun } from "@gavel/api";
import {
  Confirm,
  clockTime,
  Devices,
  Meter,
  SmallButton,
  TrainingPill,
  useReason,
  useTimes,
  useTrainingRefusal,
  useWhy,
} from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import { isUnderWay, TRAINING, useTrainings } from "./queries";
import css from "./Training.module.css";

/** All training runs of the season: first what moves or waits, in its line, then what has ended. */
export function Runs() {
  const { t } = useT();
  const runs = useTrainings();
  const all = runs.data ?? [];
  const open = all.filter(isUnderWay).sort(inLine);
  const ended = all.filter((run) => !isUnderWay(run));
  return (
    <>
      {runs.error && <ErrorNote error={runs.error} />}
      {runs.isPending && !runs.error && <Loading />}
      {runs.data && (
        <>
          <List id="queue" title={t("training.queue")} none={t("training.queue_none")} runs={open} />
          <List id="ended" title={t("training.ended")} none={t("training.ended_none")} runs={ended} />
        </>
      )}
    </>
  );
}

/** What runs first, then the line as it stands, and what is paused last. */
export function inLine(a: TrainingRun, b: TrainingRun): number {
  const place = ({ state, waiting }: TrainingRun) =>
    state === "paused" ? Number.POSITIVE_INFINITY : waiting ? 1 + waiting.position : 0;
  const [one, other] = [place(a), place(b)];
  return one === other ? a.created_at.localeCompare(b.created_at) : one - other;
}

function List({ id, title, none, runs }: { id: string; title: string; none: string; runs: TrainingRun[] }) {
  const { number } = useT();
  return (
    <section className={css.section} aria-labelledby={id}>
      <h2 id={id}>
        {title} <span>{number(runs.length)}</span>
      </h2>
      {runs.length === 0 && <p className={css.mute}>{none}</p>}
      <ul className={css.list}>
        {runs.map((run) => (
          <li key={run.id} className={css.run}>
            <Who run={run} />
            <State run={run} />
            <Acts run={run} />
            {run.spec.processes > 1 && <Devices run={run.id} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Who({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const { moment } = useTimes();
  return (
    <div className={css.who}>
      <b>{t("training.who", { entry: run.entry, version: run.dataset.version })}</b>
      <span>
        {t(`training.recipes.${run.spec.recipe}`)}
        {run.race && ` · ${t("training.in_race", { name: run.race.name })}`}
      </span>
      <small>{t("training.by", { name: run.ordered_by, time: moment(run.created_at) })}</small>
    </div>
  );
}

function State({ run }: { run: TrainingRun }) {
  const { t, number } = useT();
  const { clock, moment } = useTimes();
  const reason = useReason();
  const refusal = useTrainingRefusal()(run);
  const why = useWhy()(run);
  const { waiting, race, budget, step, seconds, loss, result } = run;
  // In a race only the clock ends a run.
  const [done, total] = race ? [seconds, budget.seconds] : [step, budget.steps];
  const progress = race
    ? t("training.clock", { time: `${clockTime(seconds)} / ${clockTime(budget.seconds)}` })
    : t("training.steps", { done: number(step), total: number(budget.steps) });
  return (
    <div className={css.state}>
      <span className={css.pills}>
        <TrainingPill state={run.state} />
        {result && <b>{t("training.result", { version: result.version })}</b>}
      </span>
      {waiting && (
        <span>
          {waiting.position > 0 ? t("training.place", { count: waiting.position }) : t("training.next")} ·{" "}
          {reason(waiting.reason)}
        </span>
      )}
      {waiting && <small>{t("training.until", { time: clock(waiting.deadline) })}</small>}
      {run.paused_until && <small>{t("training.paused_until", { time: moment(run.paused_until) })}</small>}
      {step > 0 && (
        <span>
          {progress}
          {loss !== null && ` · ${t("training.loss", { loss: number(loss, { maximumSignificantDigits: 4 }) })}`}
        </span>
      )}
      {(run.state === "running" || run.state === "pausing") && <Meter done={done} total={total} label={progress} />}
      {refusal && <small>{[refusal.what, refusal.where].filter(Boolean).join(" ")}</small>}
      {why && <small>{why}</small>}
    </div>
  );
}

const DEEDS = [
  ["pause", "pausable", "pause"],
  ["resume", "resumable", "resume"],
  ["cancel", "cancellable", "cancel_run"],
] as const;
type Deed = (typeof DEEDS)[number][0];

function Acts({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const act = useMutation({
    mutationFn: (deed: Deed) => {
      const params = { path: { run_id: run.id } };
      return api.post(`/api/training/runs/{run_id}/${deed}`, { params });
    },
    onSuccess: () => ask(false),
    onSettled: () => queries.invalidateQueries({ queryKey: TRAINING }),
  });
  const name = t("training.who", { entry: run.entry, version: run.dataset.version });
  return (
    <div className={css.acts}>
      {DEEDS.filter(([, allowed]) => run[allowed]).map(([deed, , word]) => (
        <SmallButton
          key={deed}
          tone={deed === "cancel" ? "danger" : undefined}
          disabled={act.isPending}
          aria-label={t("training.of_run", { act: t(`training.${word}`), run: name })}
          onClick={() => {
            act.reset();
            if (deed === "cancel") ask(true);
            else act.mutate(deed);
          }}
        >
          {t(`training.${word}`)}
        </SmallButton>
      ))}
      {act.error && !asking && <ErrorNote error={act.error} />}
      {asking && (
        <Confirm
          title={t("training.cancel_run_title")}
          action={t("training.cancel_run")}
          busy={act.isPending}
          error={act.error}
          onConfirm={() => act.mutate("cancel")}
          onClose={() => ask(false)}
        >
          {t("training.cancel_run_text")}
        </Confirm>
      )}
    </div>
  );
}
