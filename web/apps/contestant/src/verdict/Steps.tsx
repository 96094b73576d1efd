import type { SubmissionState } from "@gavel/api";
import { StateMark, type Tone } from "@gavel/desk";
import { useT } from "../i18n";
import css from "./Steps.module.css";

const STEPS = ["received", "verified", "benchmarked", "ready"] as const;

/** How many of the steps are behind, per state. */
const DONE: Record<SubmissionState, number> = {
  received: 1,
  verifying: 1,
  refused: 1,
  verified: 2,
  benchmarking: 2,
  failed: 2,
  ready: 4,
};

function toneOf(index: number, state: SubmissionState): Tone {
  if (index < DONE[state]) return "good";
  if (index > DONE[state]) return "calm";
  if (state === "refused") return "bad";
  return state === "failed" ? "warn" : "busy";
}

/** The way of a version from the upload to the stage. */
export function Steps({ state }: { state: SubmissionState }) {
  const { t } = useT();
  return (
    <ol className={css.steps}>
      {STEPS.map((step, index) => {
        const tone = toneOf(index, state);
        return (
          <li key={step} data-tone={tone} aria-current={tone === "busy" ? "step" : undefined}>
            <StateMark tone={tone} size={20} />
            <span>{t(`step.${step}`)}</span>
          </li>
        );
      })}
    </ol>
  );
}
