import { expect, it } from "vitest";
import { levelsOf, meanOver, type Spot, spotAt, thinned, ticks } from "./curves";

it("ticks in round numbers, inside of the range", () => {
  expect(ticks(0, 200, 5)).toEqual([0, 50, 100, 150, 200]);
  expect(ticks(0.12, 0.47, 4)).toEqual([0.2, 0.3, 0.4]);
  expect(ticks(0, 3e-4, 3)).toEqual([0, 0.0001, 0.0002, 0.0003]);
  expect(ticks(5, 5, 4)).toEqual([5]);
});

it("holds every value between round ends, and gives a flat line room", () => {
  expect(levelsOf([1.62, 3.1, 2.2])).toEqual({ lo: 1.5, hi: 3.5, levels: [1.5, 2, 2.5, 3, 3.5] });
  expect(levelsOf([2, 2])).toMatchObject({ lo: 1, hi: 3 });
  expect(levelsOf([0, 0])).toMatchObject({ lo: -1, hi: 1 });
  expect(levelsOf([0.3, 0.1]).levels).toEqual([0.1, 0.15, 0.2, 0.25, 0.3]);
  expect(levelsOf([]).levels).toEqual([]);
  expect(levelsOf([40, 95], true).lo).toBe(0);
  const wide = levelsOf([-3, 1e5]);
  expect(wide.lo).toBeLessThanOrEqual(-3);
  expect(wide.hi).toBeGreaterThanOrEqual(1e5);
});

it("reads a curve at the last spot that has come by then", () => {
  const spots: Spot[] = [
    [1, 3],
    [2, 2],
    [5, 1],
  ];
  expect(spotAt(spots, 0.5)).toBeUndefined();
  expect(spotAt(spots, 4)).toEqual([2, 2]);
  expect(spotAt(spots, 9)).toEqual([5, 1]);
});

it("takes the mean of a value and those before it", () => {
  const spots: Spot[] = [4, 2, 6, 8].map((y, x) => [x, y]);
  expect(meanOver(spots, 2).map(([, y]) => y)).toEqual([4, 3, 4, 7]);
});

it("thins a list and keeps its ends", () => {
  const list = Array.from({ length: 1000 }, (_, n) => n);
  const few = thinned(list, 5);
  expect(few).toHaveLength(5);
  expect([few[0], few.at(-1)]).toEqual([0, 999]);
  expect(thinned([1, 2], 5)).toEqual([1, 2]);
});
