import { expect, it } from "vitest";
import { gridOf } from "./likeness";

const BASE = "base_model.model.model.layers";
const module = (path: string, cosine: number, norm = 1, other_norm = 1) => ({
  module: `${BASE}.${path}`,
  cosine,
  norm,
  other_norm,
});

it("puts modules in the model's order and layers in theirs", () => {
  const evidence = [
    module("10.mlp.up_proj", 0.1),
    module("2.self_attn.v_proj", 0.7),
    module("0.self_attn.v_proj", 0.6),
    module("0.self_attn.q_proj", 0.5),
  ];
  const { modules, values } = gridOf(evidence);
  expect(modules).toEqual(["q_proj", "v_proj", "up_proj"]);
  expect(values.map((row) => row.length)).toEqual([11, 11, 11]);
  expect(values[1]?.slice(0, 3)).toEqual([0.6, null, 0.7]);
  expect(values[2]?.[10]).toBe(0.1);
});

it("does not say 0 where there is nothing to compare", () => {
  expect(gridOf([module("0.mlp.up_proj", 0, 1, 0)]).values).toEqual([[null]]);
  expect(gridOf([module("0.mlp.up_proj", 0)]).values).toEqual([[0]]);
});

it("survives names that are no layers, and nothing at all", () => {
  expect(gridOf([{ module: "embed", cosine: 1, norm: 1, other_norm: 1 }])).toEqual({ modules: [], values: [] });
  expect(gridOf([])).toEqual({ modules: [], values: [] });
});
