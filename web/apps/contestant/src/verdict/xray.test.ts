import { expect, it } from "vitest";
import { gridOf, summaryOf } from "./xray";

const xray = {
  modules: ["self_attn.q_proj", "mlp.up_proj"],
  norms: [
    [3, 0],
    [4, 0],
    [0, 0],
  ],
  effective_ranks: [
    [2, 0],
    [5, 0],
    [0, 0],
  ],
};

it("turns the layers' rows into the modules' rows, and what is not changed into nothing", () => {
  expect(gridOf(xray, "norms")).toEqual([
    [3, 4, null],
    [null, null, null],
  ]);
  expect(gridOf(xray, "effective_ranks")[0]).toEqual([2, 5, null]);
});

it("sums up what is changed, and only that", () => {
  expect(summaryOf(xray)).toEqual({ norm: 5, modules: ["q_proj"], changedLayers: 2, layers: 3, effectiveRank: 3.5 });
  const house = { modules: ["mlp.up_proj"], norms: [[0]], effective_ranks: [[0]] };
  expect(summaryOf(house)).toEqual({ norm: 0, modules: [], changedLayers: 0, layers: 1, effectiveRank: 0 });
});
