import { expect, it } from "vitest";
import { leftOf, Speed } from "./speed";

it("measures over the last seconds only", () => {
  const speed = new Speed();
  expect(speed.add(0, 0)).toBeNull();
  expect(speed.add(1_000, 1_000)).toBe(1_000);
  expect(speed.add(9_000, 5_000)).toBe(2_000);
  expect(speed.add(9_000, 60_000)).toBeNull();
});

it("begins anew when a broken line has lost what was on its way", () => {
  const speed = new Speed();
  speed.add(0, 0);
  speed.add(9_000, 1_000);
  expect(speed.add(5_000, 1_500)).toBeNull();
  expect(speed.add(6_000, 2_500)).toBe(1_000);
});

it.each([
  [1_000, 100, { count: 10, unit: "seconds" }],
  [60_000, 100, { count: 10, unit: "minutes" }],
  [2_000_000, 100, { count: 6, unit: "hours" }],
] as const)("says of %i bytes at %i a second how long they take", (bytes, rate, left) => {
  expect(leftOf(bytes, rate)).toEqual(left);
});

it("promises nothing while nothing moves", () => {
  expect(leftOf(1_000, 0)).toBeNull();
  expect(leftOf(1_000, null)).toBeNull();
});
