import type { BoardRow } from "@gavel/api";
import { axisOf } from "@gavel/ui";
import { expect, it } from "vitest";
import { ticks } from "./BoardPage";
import { interval } from "./Rows";

const row = (rating: number | null, lo: number | null, hi: number | null) => ({ rating, lo, hi }) as BoardRow;

it("writes an interval as it is", () => {
  expect(interval(row(1100, 1029, 1171))).toBe("± 71");
  expect(interval(row(1100, 1040, 1180))).toBe("+80 −60");
  expect(interval(row(null, null, null))).toBe("");
});

it("puts all rows on one axis with round ticks", () => {
  const axis = axisOf([row(1139, 1068, 1210), row(1017, 945, 1089), row(null, null, null)], [1000]);
  expect(axis.min).toBeLessThan(945);
  expect(axis.max).toBeGreaterThan(1210);
  expect(ticks(axis)).toEqual([950, 1000, 1050, 1100, 1150, 1200]);
});

it("has an axis for an empty board", () => {
  const axis = axisOf([], []);
  expect(axis.max).toBeGreaterThan(axis.min);
});
