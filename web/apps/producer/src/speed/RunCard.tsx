import { api, type SpeedMetric, type SpeedRun } from "@gavel/api";
import { Confirm, Meter, Pill, SmallButton, type Tone, useReason } from "@gavel/desk";
import { Card, useEntryName } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { speedKey, useSuites } from "../app/queries";
import { useT } from "../i18n";
import css from "./Speed.module.css";

const TONES: Record<SpeedRun["state"], Tone> = {
  queued: "calm",
  running: "busy",
  scoring: "busy",
  done: "good",
  void: "warn",
  failed: "bad",
};
const UNDER_WAY: SpeedRun["state"][] = ["queued", "running", "scoring"];

/** One measurement: how far it is, what came of it in one line each, and what may be done with it. */
export function RunCard({ run }: { run: SpeedRun }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const reason = useReason();
  const { a, b, state } = run;
  return (
    <Card className={css.card}>
      <header className={css.head}>
        <h2>{t(run.kind === "duel" ? "speed.duel" : "speed.quiz", { number: run.number })}</h2>
        <Pill tone={TONES[state]}>{t(`speed.state.${state}`)}</Pill>
        <span className={css.names}>{t("speed.meet", { a: nameOf(a), b: nameOf(b) })}</span>
      </header>
      {run.kind === "quiz" && <Questions run={run} />}
      {run.waiting && <p className={css.mute}>{reason(run.waiting.reason)}</p>}
      {state === "running" && (
        <>
          <Meter
            done={run.blocks_done}
            total={run.blocks}
            label={t("speed.progress", { done: run.blocks_done, total: run.blocks })}
          />
          <p className={css.mute}>{t("speed.progress", { done: run.blocks_done, total: run.blocks })}</p>
        </>
      )}
      {run.void !== null && (
        <p className={css.cause}>
          {t(`speed.cause.${run.void}`)} {run.void !== "stopped" && <small>{run.reason}</small>}
        </p>
      )}
      {state === "failed" && <p className={css.cause}>{run.reason}</p>}
      {state === "done" && run.result && <Outcome run={run} result={run.result} />}
      <Actions run={run} />
    </Card>
  );
}

/** Which bank, and what came out of the surprise once it may be known. */
function Questions({ run }: { run: SpeedRun }) {
  const { t, language } = useT();
  const suites = useSuites().data;
  if (run.suite !== "surprise") {
    const name = suites?.find((one) => one.id === run.suite)?.name;
    return <p className={css.mute}>{t("speed.from", { suite: name?.[language] ?? run.suite ?? "" })}</p>;
  }
  const family = run.surprise?.[language] ?? run.surprise?.en;
  return <p className={css.mute}>{family ? t("speed.surprised", { family }) : t("speed.surprise_sealed")}</p>;
}

function Outcome({ run, result }: { run: SpeedRun; result: NonNullable<SpeedRun["result"]> }) {
  const { t } = useT();
  const right = (who: "a" | "b" | "house") => result.quiz.filter((line) => line[who].correct).length;
  return (
    <dl className={css.outcome}>
      {result.metrics.map((metric) => (
        <div key={metric.metric}>
          <dt>{t(`speed.metric.${metric.metric}`)}</dt>
          <dd>
            <Verdict run={run} metric={metric} />
          </dd>
        </div>
      ))}
      {result.quiz.length > 0 && (
        <p className={css.mute}>
          {t("speed.right", { a: right("a"), b: right("b"), house: right("house"), total: result.quiz.length })}
        </p>
      )}
    </dl>
  );
}

/** Less of a time is faster, more tokens a second are. */
function Verdict({ run, metric }: { run: SpeedRun; metric: SpeedMetric }) {
  const { t, number } = useT();
  const nameOf = useEntryName();
  const { outcome, a_to_b } = metric;
  if (outcome === null || a_to_b === null) return t("speed.none");
  if (outcome === "tie") return t("speed.tie");
  const share = Math.max(a_to_b.median, 1 / a_to_b.median) - 1;
  return t("speed.faster", {
    name: nameOf(run[outcome]),
    share: number(share, { style: "percent", maximumFractionDigits: 1 }),
  });
}

function Actions({ run }: { run: SpeedRun }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<"stop" | "release" | null>(null);
  const act = useMutation({
    mutationFn: (what: "stop" | "release") => {
      const params = { path: { run_id: run.id } };
      return what === "stop"
        ? api.post("/api/speed/{run_id}/stop", { params })
        : api.post("/api/speed/{run_id}/release", { params });
    },
    onSuccess: () => setAsking(null),
    onSettled: () => queries.invalidateQueries({ queryKey: speedKey(run.episode_id) }),
  });
  const name = t(run.kind === "duel" ? "speed.duel" : "speed.quiz", { number: run.number });
  const under = UNDER_WAY.includes(run.state);
  const over = run.state === "done" || run.state === "void";
  const ask = (what: "stop" | "release") => {
    act.reset();
    setAsking(what);
  };
  return (
    <footer className={css.actions}>
      {over && <span className={css.mute}>{t(run.released_at ? "speed.released" : "speed.hidden")}</span>}
      {over && (
        <a href={`/speed/${run.id}`} target="_blank" rel="noreferrer">
          {t("speed.see")}
        </a>
      )}
      {under && (
        <SmallButton aria-label={t("speed.of_run", { action: t("speed.stop"), run: name })} onClick={() => ask("stop")}>
          {t("speed.stop")}
        </SmallButton>
      )}
      {over && run.released_at === null && (
        <SmallButton
          tone="gold"
          aria-label={t("speed.of_run", { action: t("speed.release"), run: name })}
          onClick={() => ask("release")}
        >
          {t("speed.release")}
        </SmallButton>
      )}
      {asking && (
        <Confirm
          title={t(`speed.${asking}_title`)}
          action={t(`speed.${asking}`)}
          tone={asking === "stop" ? "danger" : "gold"}
          busy={act.isPending}
          error={act.error}
          onConfirm={() => act.mutate(asking)}
          onClose={() => setAsking(null)}
        >
          {t(`speed.${asking}_text`)}
        </Confirm>
      )}
    </footer>
  );
}
