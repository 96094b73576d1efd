import type { SpeedAxis, SpeedMetric, SpeedRatio } from "@gavel/api";

export type Side = "a" | "b";
export const SIDES: Side[] = ["a", "b"];

/** Less of a time is faster; of tokens a second, more is. */
export const isTime = (metric: SpeedMetric["metric"]) => metric !== "decode";

export interface Times {
  value: number;
  lo: number;
  hi: number;
}

/** How many times as fast, from the ratio of what was measured: of times it is the inverse. */
export function timesAsFast(metric: SpeedMetric["metric"], ratio: SpeedRatio | null): Times | null {
  if (ratio === null) return null;
  if (!isTime(metric)) return { value: ratio.median, lo: ratio.lo, hi: ratio.hi };
  return { value: 1 / ratio.median, lo: 1 / ratio.hi, hi: 1 / ratio.lo };
}

/** By how much the faster one is faster; null where it is too close to call. */
export function lead({ metric, a_to_b, outcome }: SpeedMetric): (Times & { side: Side }) | null {
  const a = timesAsFast(metric, a_to_b);
  if (a === null || outcome === null || outcome === "tie") return null;
  if (outcome === "a") return { side: "a", value: a.value - 1, lo: a.lo - 1, hi: a.hi - 1 };
  return { side: "b", value: 1 / a.value - 1, lo: 1 / a.hi - 1, hi: 1 / a.lo - 1 };
}

/** One scale for all bars: 20 % to each side of the house, or as far as the widest interval reaches. */
export function scaleOf(shown: Times[]): { min: number; max: number } {
  const low = Math.min(0.8, ...shown.map(({ lo }) => lo * 0.98));
  const high = Math.max(1.2, ...shown.map(({ hi }) => hi * 1.02));
  return { min: low, max: high };
}

const SHARES: SpeedAxis["axis"][] = ["accuracy", "evenness"];
export const isShare = (axis: SpeedAxis["axis"]) => SHARES.includes(axis);

/** From 0 in the middle to 1 at the rim. The house's speed is half way, so that twice as fast reaches the rim. */
export function reach(axis: SpeedAxis["axis"], value: number): number {
  return Math.min(1, Math.max(0, isShare(axis) ? value : value / 2));
}

/** Only axes with all three values are drawn: a missing score is never a number, nor a corner. */
export function drawable(axes: SpeedAxis[]): SpeedAxis[] {
  return axes.filter(({ a, b, house }) => a !== null && b !== null && house !== null);
}
