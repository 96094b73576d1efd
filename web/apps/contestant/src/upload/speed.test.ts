import { expect, it } from "vitest";
import { Speed } from "./speed";

it("measures over the last seconds only", () => {
  const speed = new Speed();
  expect(speed.add(0, 0)).toBeNull();
  expect(speed.add(1_000, 1_000)).toBe(1_000);
  expect(speed.add(9_000, 5_000)).toBe(2_000);
  expect(speed.add(9_000, 60_000)).toBeNull();
});
