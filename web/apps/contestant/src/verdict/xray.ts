import type { Xray } from "@gavel/api";

/** What was measured, without how the config scales it. */
export type Grids = Omit<Xray, "scaling">;

export type Lens = "norms" | "effective_ranks";

/** Module names are paths; among modules of one model the last part says which. */
export function shortName(module: string): string {
  return module.slice(module.lastIndexOf(".") + 1);
}

/** A row per module and a column per layer, null where the adapter leaves the module as it is. */
export function gridOf(xray: Grids, lens: Lens): (number | null)[][] {
  return xray.modules.map((_, module) =>
    xray.norms.map((layer, index) => (layer[module] ? (xray[lens][index]?.[module] ?? null) : null)),
  );
}

export interface Summary {
  /** ‖ΔW‖ over all modules: the root of the sum of squares. */
  norm: number;
  /** Names of the modules that are changed in any layer, in the model's order. */
  modules: string[];
  changedLayers: number;
  layers: number;
  /** Median effective rank of what is changed; 0 when nothing is. */
  effectiveRank: number;
}

export function summaryOf(xray: Grids): Summary {
  const norms = gridOf(xray, "norms");
  const ranks = gridOf(xray, "effective_ranks")
    .flat()
    .filter((value) => value !== null)
    .sort((a, b) => a - b);
  const middle = (ranks.length - 1) / 2;
  return {
    norm: Math.hypot(...norms.flat().map((value) => value ?? 0)),
    modules: xray.modules.filter((_, row) => norms[row]?.some((value) => value !== null)).map(shortName),
    changedLayers: xray.norms.filter((layer) => layer.some((value) => value > 0)).length,
    layers: xray.norms.length,
    effectiveRank: ranks.length === 0 ? 0 : ((ranks[Math.floor(middle)] ?? 0) + (ranks[Math.ceil(middle)] ?? 0)) / 2,
  };
}
