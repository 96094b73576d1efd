import { expect, it } from "vitest";
import { Guard } from "./guard";

it("takes one press in half a second", () => {
  let now = 0;
  const guard = new Guard(() => now);
  expect(guard.press()).toBe(true);
  now = 499;
  expect(guard.press()).toBe(false);
  now = 500;
  expect(guard.press()).toBe(true);
});

it("does not take a press meant for what the button did a moment ago", () => {
  let now = 0;
  const guard = new Guard(() => now);
  guard.means("lock");
  expect(guard.press()).toBe(true);
  now = 5_000;
  guard.means("reveal");
  now = 5_300;
  expect(guard.press()).toBe(false);
  now = 5_600;
  expect(guard.press()).toBe(true);
});
