import type { StageDuel } from "@gavel/api";

/** The models are speaking, and the first word has not come through the program buffer yet. */
export function isComing({ state, left, right }: StageDuel): boolean {
  return state === "live" && [left, right].every((side) => side.tokens === 0 && !side.off_air);
}
