import type { Comparison, Run } from "@gavel/api";
import { expect, it } from "vitest";
import { othersCorners, signed } from "./figures";

it("puts another's scores in the order of mine, and draws nothing when one is missing", () => {
  const run = { tasks: [{ task: "sums" }, { task: "words" }] } as Run;
  const of = (...tasks: [string, number][]) =>
    ({ tasks: tasks.map(([task, other]) => ({ task, other })) }) as unknown as Comparison;
  expect(othersCorners(run, of(["words", 0.2], ["sums", 0.1]))).toEqual([{ at: 0.1 }, { at: 0.2 }]);
  expect(othersCorners(run, of(["words", 0.2]))).toBeNull();
});

it("writes a difference in points with its sign", () => {
  expect([0.034, -0.126, 0.001, -0.001].map(signed)).toEqual(["+3", "−13", "0", "0"]);
});
