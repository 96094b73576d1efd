import type { Tally } from "@gavel/api";

export interface Split {
  total: number;
  left: number;
  right: number;
  /** Ties and "both bad" together. */
  other: number;
}

export function splitOf(tally: Tally): Split {
  const other = tally.tie + tally.both_bad;
  return { left: tally.left, right: tally.right, other, total: tally.left + tally.right + other };
}

/** Decimals that the number of votes can bear: 7 votes have no 14.3 %. */
export function decimals(total: number): number {
  return total < 200 ? 0 : 1;
}
