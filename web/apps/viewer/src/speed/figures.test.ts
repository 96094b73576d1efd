import type { SpeedAxis, SpeedMetric } from "@gavel/api";
import { expect, it } from "vitest";
import { drawable, lead, reach, scaleOf, timesAsFast } from "./figures";

const ratio = (median: number, lo: number, hi: number) => ({ median, lo, hi, blocks: [] });
const metric = (change: Partial<SpeedMetric>): SpeedMetric => ({
  metric: "first_token",
  a: 1,
  b: 1,
  house: 1,
  a_to_house: null,
  b_to_house: null,
  a_to_b: null,
  outcome: null,
  ...change,
});

it("turns a ratio of times into how many times as fast", () => {
  expect(timesAsFast("first_token", ratio(0.5, 0.4, 0.8))).toEqual({ value: 2, lo: 1.25, hi: 2.5 });
  expect(timesAsFast("decode", ratio(0.5, 0.4, 0.8))).toEqual({ value: 0.5, lo: 0.4, hi: 0.8 });
  expect(timesAsFast("whole", null)).toBeNull();
});

it("says by how much the faster one is faster, whoever it is and whatever was measured", () => {
  const half = ratio(0.5, 0.5, 0.8);
  expect(lead(metric({ a_to_b: half, outcome: "a" }))).toEqual({ side: "a", value: 1, lo: 0.25, hi: 1 });
  const b = lead(metric({ metric: "decode", a_to_b: half, outcome: "b" }));
  expect(b).toEqual({ side: "b", value: 1, lo: 0.25, hi: 1 });
  expect(lead(metric({ a_to_b: half, outcome: "tie" }))).toBeNull();
  expect(lead(metric({}))).toBeNull();
});

it("keeps one scale with the house on it", () => {
  expect(scaleOf([])).toEqual({ min: 0.8, max: 1.2 });
  const { min, max } = scaleOf([{ value: 2, lo: 0.5, hi: 3 }]);
  expect(min).toBeLessThan(0.5);
  expect(max).toBeGreaterThan(3);
});

it("draws an axis only with all its values, and the house half way", () => {
  const axis = (change: Partial<SpeedAxis>): SpeedAxis => ({ axis: "decode", a: 1, b: 1, house: 1, ...change });
  expect(drawable([axis({}), axis({ b: null })])).toHaveLength(1);
  expect(reach("decode", 1)).toBe(0.5);
  expect(reach("decode", 9)).toBe(1);
  expect(reach("accuracy", 0.7)).toBe(0.7);
});
