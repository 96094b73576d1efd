import type { Run } from "@gavel/api";
import { Pill, SelectField, type Tone } from "@gavel/desk";
import { EmptyState, ErrorNote, Loading } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { Acts } from "./Acts";
import css from "./Bench.module.css";
import { isMoving, useAllRuns, useSuites } from "./queries";
import { Who } from "./Who";

export const TONES: Record<Run["state"], Tone> = {
  queued: "calm",
  running: "busy",
  done: "good",
  failed: "bad",
  cancelled: "calm",
  void: "warn",
};
const ENDED = ["done", "failed", "cancelled", "void"] as const;
/** A season has hundreds; more come when they are asked for. */
const STEP = 30;

/** Every run that has ended, with its score and what may be decided about it. */
export function Runs({ onDone }: { onDone: (what: string) => void }) {
  const { t, language } = useT();
  const runs = useAllRuns();
  const suites = useSuites();
  const [suite, setSuite] = useState("");
  const [state, setState] = useState("");
  const [limit, setLimit] = useState(STEP);
  const ended = (runs.data ?? []).filter((run) => !isMoving(run));
  const shown = ended.filter((run) => (!suite || run.suite === suite) && (!state || run.state === state));
  return (
    <section className={css.section} aria-labelledby="bench-runs">
      <header className={css.head}>
        <h2 id="bench-runs">
          {t("bench.runs")} <span>{shown.length}</span>
        </h2>
        <SelectField label={t("bench.suite")} value={suite} onChange={(event) => setSuite(event.target.value)}>
          <option value="">{t("bench.any")}</option>
          {suites.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name[language] ?? one.id}
            </option>
          ))}
        </SelectField>
        <SelectField label={t("bench.state_label")} value={state} onChange={(event) => setState(event.target.value)}>
          <option value="">{t("bench.any")}</option>
          {ENDED.map((one) => (
            <option key={one} value={one}>
              {t(`bench.state.${one}`)}
            </option>
          ))}
        </SelectField>
      </header>
      {runs.error && <ErrorNote error={runs.error} />}
      {runs.isPending && !runs.error && <Loading />}
      {runs.data && ended.length === 0 && (
        <EmptyState title={t("bench.runs_none")}>{t("bench.runs_none_text")}</EmptyState>
      )}
      {ended.length > 0 && shown.length === 0 && <p className={css.mute}>{t("bench.runs_no_match")}</p>}
      <ul className={css.list}>
        {shown.slice(0, limit).map((run) => (
          <li key={run.id} className={css.run}>
            <Who run={run} />
            <Score run={run} />
            <Acts run={run} onDone={onDone} />
          </li>
        ))}
      </ul>
      {shown.length > limit && (
        <button type="button" className={css.more} onClick={() => setLimit(limit + STEP)}>
          {t("bench.more", { count: shown.length - limit })}
        </button>
      )}
    </section>
  );
}

function Score({ run }: { run: Run }) {
  const { t, number } = useT();
  const points = (share: number) => number(Math.round(100 * share));
  return (
    <div className={css.state}>
      <Pill tone={TONES[run.state]}>{t(`bench.state.${run.state}`)}</Pill>
      {run.accuracy && (
        <span>
          {t("bench.scored")} <b>{points(run.accuracy.value)}</b> ± {points(run.accuracy.stderr)}
        </span>
      )}
      {run.override && (
        <small>{t("bench.override_is", { score: points(run.override.score), reason: run.override.reason })}</small>
      )}
      {run.void && <small>{t("bench.void_is", { reason: run.void.reason })}</small>}
      {run.stale.length > 0 && (
        <small>{t("bench.stale", { reasons: run.stale.map((what) => t(`bench.stale_why.${what}`)).join(" ") })}</small>
      )}
      {(run.state === "failed" || run.state === "cancelled") && run.reason && <small>{run.reason}</small>}
      <small>
        {run.hardware_class}
        {run.attestation && (
          <>
            {" · "}
            <a href={`/api/attestations/${run.attestation}`}>{t("bench.attestation")}</a>
          </>
        )}
      </small>
    </div>
  );
}
