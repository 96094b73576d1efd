import type { Submission } from "@gavel/api";
import { StateMark, type Tone } from "@gavel/desk";
import { useT } from "../i18n";
import css from "./Steps.module.css";

const STEPS = ["received", "verified", "benchmarked", "ready"] as const;

/** How each step stands. A sealed adapter has a fingerprint: that is what says whether the checks were passed. */
export function tonesOf({ state, digest }: Pick<Submission, "state" | "digest">): Tone[] {
  if (state === "cancelled" || state === "withdrawn") return STEPS.map(() => "calm");
  const done = state === "uploading" ? 0 : state === "ready" ? STEPS.length : digest === null ? 1 : 2;
  const current = state === "refused" ? "bad" : state === "failed" ? "warn" : "busy";
  return STEPS.map((_, index) => (index < done ? "good" : index > done ? "calm" : current));
}

/** The way of a version from the upload to the stage. */
export function Steps({ submission }: { submission: Submission }) {
  const { t } = useT();
  const tones = tonesOf(submission);
  // Where the way of a data set goes on, it is an adapter that goes on.
  const steps = submission.artifact === "dataset" ? STEPS.slice(0, 2) : STEPS;
  return (
    <ol className={css.steps}>
      {steps.map((step, index) => {
        const tone = tones[index] as Tone;
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
