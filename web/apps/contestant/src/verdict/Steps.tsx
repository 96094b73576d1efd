import type { Submission } from "@gavel/api";
import { StateMark, type Tone } from "@gavel/desk";
import { endsVerified } from "../app/queries";
import { useT } from "../i18n";
import css from "./Steps.module.css";

const STEPS = ["received", "verified", "benchmarked", "ready"] as const;

type Version = Pick<Submission, "artifact" | "state" | "digest">;

function stepsOf(version: Version): readonly (typeof STEPS)[number][] {
  return endsVerified(version) ? STEPS.slice(0, 2) : STEPS;
}

/** How each step stands. What is sealed has a fingerprint: that is what says whether the checks were passed. */
export function tonesOf(version: Version): Tone[] {
  const { state, digest } = version;
  const steps = stepsOf(version);
  if (state === "cancelled" || state === "withdrawn") return steps.map(() => "calm");
  const done = state === "uploading" ? 0 : state === "ready" ? steps.length : digest === null ? 1 : 2;
  const current = state === "refused" ? "bad" : state === "failed" ? "warn" : "busy";
  return steps.map((_, index) => (index < done ? "good" : index > done ? "calm" : current));
}

/** The way of a version from the upload to the stage. */
export function Steps({ submission }: { submission: Submission }) {
  const { t } = useT();
  const tones = tonesOf(submission);
  return (
    <ol className={css.steps}>
      {stepsOf(submission).map((step, index) => {
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
