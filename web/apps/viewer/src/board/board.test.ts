import type { BoardRow } from "@gavel/api";
import { axisOf } from "@gavel/ui";
import { expect, it } from "vitest";
import { leaders, line } from "./Course";
import { ticks } from "./Lines";
import { interval, place } from "./Rows";

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

it("writes a place that the intervals leave open as a range", () => {
  const at = (rank: number | null, rank_to: number | null) => place({ rank, rank_to } as BoardRow);
  expect([at(1, 1), at(1, 3), at(null, null)]).toEqual(["1", "1–3", "–"]);
});

it("draws a line only where there was a rating", () => {
  const moment = (ratings: Record<string, number>) => ({ snapshot_id: "s", at: "", duels: 1, ratings });
  const entries = [
    { entry_id: "a", name: "A", kind: "contestant" as const },
    { entry_id: "b", name: "B", kind: "contestant" as const },
  ];
  const history = { entries, moments: [moment({ a: 1000 }), moment({ a: 1000, b: 1100 })] };
  expect(line(history, "a", 1000, 1100)).toBe("14.0,246.0 706.0,246.0");
  expect(line(history, "b", 1000, 1100)).toBe("706.0,14.0");
  expect(leaders(history).map((one) => one.name)).toEqual(["B", "A"]);
});
