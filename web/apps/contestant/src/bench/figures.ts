import type { Comparison, Run } from "@gavel/api";
import type { Corner } from "@gavel/ui/radar";

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
