import type { Run } from "@gavel/api";
import { Meter, Pill, useReason, useTimes } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useT } from "../i18n";
import { Acts } from "./Acts";
import css from "./Bench.module.css";
import { useQueue } from "./queries";
import { Who } from "./Who";

/** What is under way, and what waits, why, and at which place. */
export function Queue({ onDone }: { onDone: (what: string) => void }) {
  const { t } = useT();
  const runs = useQueue();
  const moving = [...(runs.data ?? [])].sort(inLine);
  return (
    <section className={css.section} aria-labelledby="bench-queue">
      <h2 id="bench-queue">
        {t("bench.queue")} <span>{moving.length}</span>
      </h2>
      {runs.error && <ErrorNote error={runs.error} />}
      {runs.isPending && !runs.error && <Loading />}
      {runs.data && moving.length === 0 && <p className={css.mute}>{t("bench.queue_none")}</p>}
      <ul className={css.list}>
        {moving.map((run) => (
          <li key={run.id} className={css.run}>
            <Who run={run} />
            <State run={run} />
            <Acts run={run} onDone={onDone} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What runs first, then the line as it stands. */
export function inLine(a: Run, b: Run): number {
  const place = (run: Run) => (run.waiting ? 1 + run.waiting.position : 0);
  return place(a) - place(b) || a.created_at.localeCompare(b.created_at);
}

function State({ run }: { run: Run }) {
  const { t } = useT();
  const { clock } = useTimes();
  const reason = useReason();
  const progress = t("bench.progress", { answered: run.answered, total: run.total });
  if (run.waiting) {
    return (
      <div className={css.state}>
        <Pill tone="calm">
          {run.waiting.position > 0 ? t("bench.place", { count: run.waiting.position }) : t("bench.next")}
        </Pill>
        <span>{reason(run.waiting.reason)}</span>
        <small>{t("bench.until", { time: clock(run.waiting.deadline) })}</small>
      </div>
    );
  }
  return (
    <div className={css.state}>
      <Pill tone="busy">{t("bench.state.running")}</Pill>
      <span>{progress}</span>
      <Meter done={run.answered} total={run.total} label={progress} />
    </div>
  );
}
