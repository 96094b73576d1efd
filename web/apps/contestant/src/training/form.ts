import { ApiError, type TrainingOptions, type TrainingSpec } from "@gavel/api";
import { type SpecKey, settingsOf } from "./figures";

/** Where a number may lie. `above`, `below`: the end itself is not allowed. */
export interface Bounds {
  min?: number;
  max?: number;
  above?: boolean;
  below?: boolean;
  whole?: boolean;
}

/** What is typed, before it is a number. */
export type Draft = { [key in SpecKey]: TrainingSpec[key] extends number ? string : TrainingSpec[key] };

export interface Wrong {
  code:
    | "number"
    | "whole"
    | "low"
    | "above"
    | "high"
    | "below"
    | "none"
    | "multiple_processes"
    | "multiple_generations";
  min?: number;
  max?: number;
}

export const NUMBERS = [
  "rank",
  "alpha",
  "dropout",
  "learning_rate",
  "batch_size",
  "warmup_steps",
  "weight_decay",
  "max_length",
  "seed",
  "beta",
  "generations",
  "answer_tokens",
  "processes",
] as const satisfies readonly SpecKey[];
export type NumberKey = (typeof NUMBERS)[number];

/** What every track allows; a track narrows it. */
const BOUNDS: Record<NumberKey, Bounds> = {
  rank: { min: 1, max: 64, whole: true },
  alpha: { min: 1, max: 1024, whole: true },
  dropout: { min: 0, max: 1, below: true },
  learning_rate: { min: 0, max: 10, above: true },
  batch_size: { min: 1, max: 256, whole: true },
  warmup_steps: { min: 0, whole: true },
  weight_decay: { min: 0, max: 1 },
  max_length: { min: 16, whole: true },
  seed: { min: 0, max: 2 ** 31 - 1, whole: true },
  beta: { min: 0, max: 10, above: true },
  generations: { min: 2, max: 16, whole: true },
  answer_tokens: { min: 1, max: 256, whole: true },
  processes: { min: 1, max: 64, whole: true },
};

/** As the track has it. */
export function boundsOf({ max_rank, max_length }: Pick<TrainingOptions, "max_rank" | "max_length">) {
  return { ...BOUNDS, rank: { ...BOUNDS.rank, max: max_rank }, max_length: { ...BOUNDS.max_length, max: max_length } };
}

export const isNumber = (key: SpecKey): key is NumberKey => (NUMBERS as readonly string[]).includes(key);

export function draftOf(spec: TrainingSpec): Draft {
  const texts = NUMBERS.map((key) => [key, String(spec[key])]);
  return { ...spec, ...Object.fromEntries(texts) } as Draft;
}

/** "0,0003" is how some write it. */
const parsed = (text: string) => (text.trim() === "" ? Number.NaN : Number(text.trim().replace(",", ".")));

export function specOf(draft: Draft): TrainingSpec {
  const numbers = NUMBERS.map((key) => [key, parsed(draft[key])]);
  return { ...draft, ...Object.fromEntries(numbers) } as TrainingSpec;
}

export function wrongIn(value: number, { min, max, above, below, whole }: Bounds): Wrong | null {
  if (!Number.isFinite(value)) return { code: "number" };
  if (whole && !Number.isInteger(value)) return { code: "whole" };
  if (min !== undefined && above && value <= min) return { code: "above", min };
  if (min !== undefined && value < min) return { code: "low", min };
  if (max !== undefined && below && value >= max) return { code: "below", max };
  if (max !== undefined && value > max) return { code: "high", max };
  return null;
}

/** What is wrong, by field, of the settings that do something. */
export function wrongs(draft: Draft, bounds: Record<NumberKey, Bounds>): Partial<Record<SpecKey, Wrong>> {
  const found: Partial<Record<SpecKey, Wrong>> = {};
  const used = settingsOf(draft);
  for (const key of used) {
    const wrong = isNumber(key) ? wrongIn(parsed(draft[key]), bounds[key]) : null;
    if (wrong) found[key] = wrong;
  }
  if (draft.target_modules.length === 0) found.target_modules = { code: "none" };
  const { batch_size, generations, processes } = specOf(draft);
  if (!found.batch_size && used.includes("processes") && batch_size % processes !== 0) {
    found.batch_size = { code: "multiple_processes" };
  }
  if (!found.batch_size && used.includes("generations") && batch_size % generations !== 0) {
    found.batch_size = { code: "multiple_generations" };
  }
  return found;
}

const FIELDS: Record<string, SpecKey> = {
  "training.method_not_allowed": "method",
  "training.profile_not_allowed": "profile",
  "training.too_many_processes": "processes",
  "training.rank_too_high": "rank",
  "training.alpha_too_high": "alpha",
  "training.module_unknown": "target_modules",
  "training.max_length_too_long": "max_length",
};

/** The setting that the portal does not accept, if that is what is wrong. */
export function fieldOf(error: unknown): SpecKey | null {
  if (!(error instanceof ApiError)) return null;
  const [first] = (error.detail.fields ?? []) as { field: string }[];
  const named = first?.field.split(".").at(-1) as SpecKey | undefined;
  return FIELDS[error.code] ?? (named && named in BOUNDS ? named : null);
}
