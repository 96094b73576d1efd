import type { Comparison, Run, TaskScore } from "@gavel/api";
import type { Corner } from "@gavel/ui/radar";

export const CONFIDENCE = 1.96;

/** From guessing in the middle to everything right at the rim, with the 95 % interval. */
export function corner({ score, stderr }: Pick<TaskScore, "score" | "stderr">): Corner {
  return { at: score, lo: score - CONFIDENCE * stderr, hi: score + CONFIDENCE * stderr };
}

/** What another has scored, in the order of a run's own tasks; null where it was not asked the same. */
export function othersCorners(run: Run, other: Comparison): Corner[] | null {
  const found = run.tasks.map(({ task }) => other.tasks.find((one) => one.task === task));
  if (found.some((one) => one === undefined)) return null;
  return found.map((one) => ({ at: (one as Comparison["tasks"][number]).other }));
}

/** 0.034 → "+3", −0.034 → "−3": points of a hundred. */
export function signed(difference: number): string {
  const points = Math.round(100 * difference);
  return points > 0 ? `+${points}` : points < 0 ? `−${-points}` : "0";
}
