import { expect, it } from "vitest";
import { OPTIONS, point, SPEC } from "../testing/training";
import { estimateOf } from "./estimate";
import { curvesOf, differing, settingsOf, spotsOf } from "./figures";
import { joined } from "./runs";

it("lists the settings that do something in a run", () => {
  expect(settingsOf(SPEC)).not.toContain("beta");
  expect(settingsOf({ ...SPEC, recipe: "dpo" })).toContain("beta");
  expect(settingsOf({ ...SPEC, recipe: "ppo" })).toContain("verifier");
  expect(settingsOf({ ...SPEC, recipe: "ppo" })).not.toContain("generations");
  expect(settingsOf({ ...SPEC, recipe: "grpo" })).toContain("generations");
  expect(settingsOf({ ...SPEC, profile: "ddp" })).toContain("processes");
});

it("finds the settings in which runs differ", () => {
  const others = [SPEC, { ...SPEC, rank: 16 }, { ...SPEC, target_modules: ["k_proj"] }];
  expect([...differing(others)]).toEqual(["rank", "target_modules"]);
  expect(differing([SPEC, { ...SPEC, target_modules: ["q_proj", "v_proj"] }]).size).toBe(0);
});

it("draws what only some recipes measure only where it is measured", () => {
  expect(curvesOf([point(1)])).not.toContain("margin");
  const points = [point(1), point(2, { extra: { margin: 0.4 } })];
  expect(curvesOf(points)).toContain("margin");
  expect(spotsOf(points, "margin")).toEqual([[2, 0.4]]);
  expect(spotsOf(points, "memory")[0]).toEqual([1, 2]);
});

it("takes the steps that a resumed attempt has written anew, and thins what it knows", () => {
  const steps = (points: { step: number }[]) => points.map(({ step }) => step);
  const known = [1, 2, 3, 4, 5].map((step) => point(step));
  expect(steps(joined(known, [point(3), point(4)], 2, 1))).toEqual([1, 2, 3, 4]);
  expect(steps(joined(known, [point(6), point(8)], 5, 2))).toEqual([2, 4, 6, 8]);
});

it("reckons what a run takes until its first budget is used up", () => {
  const of = (changes: object, batch: number, pace: number | null) => {
    const { budget, ...rest } = OPTIONS;
    return estimateOf({ batch_size: batch }, { ...rest, budget: { ...budget, ...changes } }, pace);
  };
  expect(of({}, 4, null)).toEqual({ steps: 200, rows: 800, passes: 800 / 300, tokens: 32_000, seconds: null });
  expect(of({ tokens: 16_100 }, 4, null).steps).toBe(100);
  expect(of({ seconds: 80 }, 4, 100)).toMatchObject({ steps: 50, tokens: 8_000, seconds: 80 });
  expect(of({ tokens: 1 }, 4, null).steps).toBe(1);
});
