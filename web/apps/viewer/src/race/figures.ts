import type { RaceRun, TrainingRace } from "@gavel/api";
import { meanOver, type Spot } from "@gavel/ui/curves/figures";

/** Whoever has the same lane keeps it, in whatever order they come. */
export function lanesOf(race: TrainingRace): RaceRun[] {
  return Object.entries(race.runs)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([, run]) => run);
}

export const MINUTE = 60;

/** What the axis counts in, as seconds: minutes, but for a short race. */
export const unitOf = ({ seconds }: TrainingRace) => (seconds >= 2 * MINUTE ? MINUTE : 1);

/** Single steps jump about: what falls is their mean. */
const SMOOTH = 10;

/** The training clock, in units of so many seconds, against the loss. */
export function spotsOf({ curve }: RaceRun, unit = 1): Spot[] {
  const steps = Object.entries(curve)
    .map(([step, spot]) => [Number(step), spot] as const)
    .sort(([a], [b]) => a - b)
    .map(([, [seconds, loss]]): Spot => [seconds / unit, loss]);
  return meanOver(steps, SMOOTH);
}

export type Phase = "planned" | "soon" | "running" | "over" | "ended" | "cancelled";

/** What the clock has to say. A race that is over goes on for as long as its last adapter is being sealed. */
export function phaseOf({ state, started_at, ends_at }: TrainingRace, now: number): Phase {
  if (state !== "running" || started_at === null || ends_at === null) return state;
  if (now < Date.parse(started_at)) return "soon";
  return now < Date.parse(ends_at) ? "running" : "over";
}

export type Said =
  | "at_line"
  | "loading"
  | "training"
  | "finishing"
  | "entered"
  | "sealed"
  | "cancelled"
  | "failed"
  | "not_at_line"
  | `stopped.${"diverged" | "out_of_memory" | "refused"}`;

/** How it stands with a contestant, in a word. */
export function saidOf(run: RaceRun, phase: Phase): Said {
  const { state, version } = run;
  if (state === "done") return version === null ? "sealed" : "entered";
  if (run.code === "training.not_at_line") return "not_at_line";
  if (state === "cancelled" || state === "failed") return state;
  if (state === "refused") {
    const code = run.code?.replace(/^training\./, "");
    return `stopped.${code === "diverged" || code === "out_of_memory" ? code : "refused"}`;
  }
  if (phase === "planned" || phase === "soon") return run.at_line ? "at_line" : "loading";
  return phase === "running" ? "training" : "finishing";
}

/** Out before its time. */
export const isOut = ({ state }: RaceRun) => state === "cancelled" || state === "failed" || state === "refused";
