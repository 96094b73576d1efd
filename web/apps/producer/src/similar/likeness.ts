import type { ModuleLikeness } from "@gavel/api";

/** Within a layer in the order of the computation; what is not known here comes after, by name. */
const ORDER = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
const PATH = /\.layers\.(\d+)\.(?:.+\.)?([^.]+)$/;

export interface LikenessGrid {
  modules: string[];
  /** A row per module with a cosine per layer, null where one of the two has no such module. */
  values: (number | null)[][];
}

function place(name: string): number {
  const known = ORDER.indexOf(name);
  return known < 0 ? ORDER.length : known;
}

/** The evidence by module (`…layers.3.self_attn.q_proj`) as a map of modules and layers. */
export function gridOf(modules: ModuleLikeness[]): LikenessGrid {
  const found = modules.flatMap(({ module, cosine, norm, other_norm }) => {
    const [, layer, name] = PATH.exec(module) ?? [];
    return name === undefined ? [] : [{ layer: Number(layer), name, value: norm && other_norm ? cosine : null }];
  });
  const names = [...new Set(found.map(({ name }) => name))];
  names.sort((a, b) => place(a) - place(b) || a.localeCompare(b));
  const layers = Math.max(0, ...found.map(({ layer }) => layer + 1));
  const values = names.map(() => Array<number | null>(layers).fill(null));
  for (const { layer, name, value } of found) {
    const row = values[names.indexOf(name)];
    if (row) row[layer] = value;
  }
  return { modules: names, values };
}
