import type { TrainingPoint, TrainingSpec } from "@gavel/api";
import { meanOver, type Spot } from "@gavel/ui/curves/figures";

export type SpecKey = keyof TrainingSpec;

const PREFERRED: TrainingSpec["recipe"][] = ["dpo", "kto", "orpo", "simpo"];
const REINFORCED: TrainingSpec["recipe"][] = ["grpo", "rloo", "ppo"];
const GROUPED: TrainingSpec["recipe"][] = ["grpo", "rloo"];

/** In the order in which they are read. */
const ORDER: SpecKey[] = [
  "recipe",
  "method",
  "rank",
  "alpha",
  "dropout",
  "target_modules",
  "learning_rate",
  "batch_size",
  "warmup_steps",
  "weight_decay",
  "max_length",
  "seed",
  "beta",
  "verifier",
  "generations",
  "answer_tokens",
  "profile",
  "processes",
];

/** The settings that do something in such a run, in the order in which they are read. */
export function settingsOf({ recipe, profile }: Pick<TrainingSpec, "recipe" | "profile">): SpecKey[] {
  const reinforced = REINFORCED.includes(recipe);
  const idle: Partial<Record<SpecKey, boolean>> = {
    beta: !reinforced && !PREFERRED.includes(recipe),
    verifier: !reinforced,
    answer_tokens: !reinforced,
    generations: !GROUPED.includes(recipe),
    processes: profile === "single",
  };
  return ORDER.filter((key) => !idle[key]);
}

/** The settings in which runs differ. */
export function differing(specs: TrainingSpec[]): Set<SpecKey> {
  const [first, ...others] = specs;
  const same = (key: SpecKey) => others.every((one) => JSON.stringify(one[key]) === JSON.stringify(first?.[key]));
  return new Set(ORDER.filter((key) => !same(key)));
}

export const GIB = 2 ** 30;

/** What every run shows, the first large. */
export const MAIN = "loss";
export const BESIDE = ["learning_rate", "tokens_per_second", "gradient_norm", "memory"] as const;
/** What only some recipes have. */
export const EXTRA = ["margin", "accuracy", "reward", "kl", "answer_tokens"] as const;
export type CurveName = typeof MAIN | (typeof BESIDE)[number] | (typeof EXTRA)[number];

export function measured(point: TrainingPoint, name: CurveName): number | undefined {
  if (name === "memory") return point.memory_bytes / GIB;
  if (name === "loss" || name === "learning_rate" || name === "tokens_per_second" || name === "gradient_norm") {
    return point[name];
  }
  return point.extra[name];
}

/** The curves that there is something to draw of. */
export function curvesOf(points: TrainingPoint[]): CurveName[] {
  const last = points.at(-1);
  return [MAIN, ...BESIDE, ...EXTRA.filter((name) => last?.extra[name] !== undefined)];
}

export function spotsOf(points: TrainingPoint[], name: CurveName): Spot[] {
  return points.flatMap((point) => {
    const value = measured(point, name);
    return value === undefined ? [] : [[point.step, value] as Spot];
  });
}

/** As many steps as `final_loss` of the record is the mean of. */
const MEAN_OVER = 10;

export const smooth = (spots: Spot[]): Spot[] => meanOver(spots, MEAN_OVER);
