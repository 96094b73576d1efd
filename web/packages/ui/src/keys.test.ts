import { expect, it } from "vitest";
import { moved } from "./keys";

it("knows its keys, and no others", () => {
  expect([moved("ArrowRight", 3, 5), moved("End", 0, 5), moved("PageDown", 0, 25), moved("Home", 4, 5)]).toEqual([
    4, 4, 10, 0,
  ]);
  expect([moved("ArrowLeft", 0, 5), moved("PageDown", 20, 25)]).toEqual([0, 24]);
  expect(moved("Tab", 0, 5)).toBeNull();
});
