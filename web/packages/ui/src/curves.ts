/** The arithmetic of line charts: pure, shared by what the desks show and what goes on air. */

export type Spot = readonly [x: number, y: number];

/** Round numbers from `lo` to `hi`, about `count` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks(lo: number, hi: number, count: number): number[] {
  if (!(hi > lo)) return [lo];
  const rough = (hi - lo) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((one) => one * power >= rough) ?? 10);
  const first = Math.ceil(lo / step - 1e-9);
  const last = Math.floor(hi / step + 1e-9);
  // Multiplied and cut, not summed: 0.1 + 0.2 would be written 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
}

export interface Range {
  lo: number;
  hi: number;
}

/** An axis that holds all values, with its levels. Its ends are levels; a flat line gets room above and below. */
export function levelsOf(values: readonly number[], fromZero = false): Range & { levels: number[] } {
  if (values.length === 0) return { lo: 0, hi: 1, levels: [] };
  // Not Math.min(...values): a long run has more of them than a call takes arguments.
  let lo = fromZero ? 0 : Number.POSITIVE_INFINITY;
  let hi = fromZero ? 0 : Number.NEGATIVE_INFINITY;
  for (const value of values) {
    lo = Math.min(lo, value);
    hi = Math.max(hi, value);
  }
  if (lo === hi) {
    const room = Math.abs(lo) / 2 || 1;
    lo -= fromZero ? 0 : room;
    hi += room;
  }
  const [a = lo, b = hi] = ticks(lo, hi, 4);
  const step = b - a || hi - lo;
  const first = Math.floor(lo / step + 1e-9);
  const last = Math.ceil(hi / step - 1e-9);
  const levels = Array.from({ length: last - first + 1 }, (_, n) => Number(((first + n) * step).toPrecision(12)));
  return { lo: first * step, hi: last * step, levels };
}

/** The last spot that is not to the right of `x`; undefined where the curve has not begun. */
export function spotAt(spots: readonly Spot[], x: number): Spot | undefined {
  let from = 0;
  let to = spots.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((spots[middle] as Spot)[0] <= x) from = middle + 1;
    else to = middle;
  }
  return spots[from - 1];
}

/** The mean of each value and those before it, `over` at most: what the eye looks for in a jagged curve. */
export function meanOver(spots: readonly Spot[], over: number): Spot[] {
  let sum = 0;
  return spots.map(([x, y], index) => {
    sum += y - (index >= over ? (spots[index - over] as Spot)[1] : 0);
    return [x, sum / Math.min(index + 1, over)];
  });
}

/** At most `most` of a long list, evenly chosen, the first and the last among them. */
export function thinned<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list];
  return Array.from({ length: most }, (_, n) => list[Math.round((n * (list.length - 1)) / (most - 1))] as T);
}
