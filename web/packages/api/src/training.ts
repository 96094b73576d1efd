import type { Budget } from "./schema";

type RecipeId = "sft" | "dpo" | "kto" | "orpo" | "simpo" | "grpo" | "rloo" | "ppo" | "reward";
type Method = "lora" | "rslora" | "qlora" | "dora";
type Profile = "single" | "ddp" | "fsdp2" | "zero2" | "zero3";
export interface TrainingSpec {
  recipe: RecipeId;
  method: Method;
  rank: number;
  alpha: number;
  dropout: number;
  target_modules: string[];
  learning_rate: number;
  batch_size: number;
  warmup_steps: number;
  weight_decay: number;
  max_length: number;
  seed: number;
  beta: number;
  verifier: "exact" | "contains" | "number" | "format";
  generations: number;
  answer_tokens: number;
  profile: Profile;
  processes: number;
}
export interface TrainingPoint {
  step: number;
  loss: number;
  learning_rate: number;
  tokens: number;
  tokens_per_second: number;
  gradient_norm: number;
  memory_bytes: number;
  seconds: number;
  extra: Record<string, number>;
}
export interface TrainRecord {
  steps: number;
  tokens: number;
  supervised_tokens: number;
  rows: number;
  seconds: number;
  first_loss: number | null;
  final_loss: number | null;
  peak_bytes: number;
  libraries: Record<string, string>;
  machine: Record<string, unknown>;
  residual: number | null;
  held_out: Record<string, number>;
}
export interface VersionRef {
  submission_id: string;
  entry_id: string;
  entry: string;
  version: number;
  state: string;
}
export interface TrainingRun {
  id: string;
  entry_id: string;
  entry: string;
  dataset: VersionRef;
  form: "messages" | "preference" | "kto";
  parent: VersionRef | null;
  race: { id: string; name: string } | null;
  at_line: boolean;
  base_model: string;
  spec: TrainingSpec;
  budget: Budget;
  dtype: string;
  state: "queued" | "running" | "pausing" | "paused" | "done" | "cancelled" | "failed" | "refused";
  reason: string | null;
  code: string | null;
  detail: Record<string, unknown>;
  attempt: number;
  step: number;
  tokens: number;
  seconds: number;
  loss: number | null;
  checkpoint_step: number | null;
  stopped: "steps" | "tokens" | "clock" | "asked" | null;
  record: TrainRecord | null;
  files: { name: string; sha256: string; bytes: number }[];
  result: VersionRef | null;
  waiting: { reason: string; position: number; deadline: string } | null;
  progress: { done: number; total: number; note: string } | null;
  pausable: boolean;
  resumable: boolean;
  cancellable: boolean;
  downloadable: boolean;
  ordered_by: string;
  decisions: { action: string; by: string | null; at: string }[];
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
}
export interface TrainingEstimate {
  steps: number;
  rows: number;
  passes: number;
  tokens: number;
  seconds: number | null;
}
export interface TrainingPreset {
  id: "quick" | "balanced" | "thorough";
  spec: TrainingSpec;
  estimate: TrainingEstimate;
}
export interface TrainingOptions {
  form: "messages" | "preference" | "kto";
  rows: number;
  tokens_per_row: number;
  recipes: { id: RecipeId; presets: TrainingPreset[]; tokens_per_second: number | null }[];
  methods: Method[];
  profiles: Profile[];
  modules: string[];
  max_rank: number;
  max_length: number;
  budget: Budget;
  parents: VersionRef[];
  runs_left: number;
  under_way: string | null;
  closes_at: string | null;
}
export interface TrainingRecipe {
  recipe: Record<string, unknown>;
  command: string;
  swift: string | null;
  remarks: ("data_form" | "template" | "own_trainer" | "full_precision" | "converted")[];
}
export interface RaceRun {
  entry_id: string;
  entry: string;
  recipe: RecipeId;
  method: Method;
  state: TrainingRun["state"];
  at_line: boolean;
  step: number;
  tokens: number;
  seconds: number;
  loss: number | null;
  curve: Record<string, [number, number]>;
  stopped: TrainingRun["stopped"];
  code: string | null;
  version: number | null;
}
export interface TrainingRace {
  id: string;
  season_id: string;
  name: string;
  seconds: number;
  state: "planned" | "running" | "ended" | "cancelled";
  started_at: string | null;
  ends_at: string | null;
  runs: Record<string, RaceRun>;
  created_at: string;
}
