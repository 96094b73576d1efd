import { expect, it } from "vitest";
import { corner, half } from "./interval";

it("means the 95 % interval by every ±", () => {
  expect(half(0.1)).toBeCloseTo(0.196);
  expect(corner({ score: 0.5, stderr: 0.1 })).toEqual({ at: 0.5, lo: 0.5 - 0.196, hi: 0.5 + 0.196 });
});
