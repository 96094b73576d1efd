import type { TrainingOptions, TrainingPoint, TrainingRun, TrainingSpec } from "@gavel/api";

export const SPEC: TrainingSpec = {
  recipe: "sft",
  method: "lora",
  rank: 8,
  alpha: 16,
  dropout: 0,
  target_modules: ["q_proj", "v_proj"],
  learning_rate: 0.0003,
  batch_size: 4,
  warmup_steps: 5,
  weight_decay: 0,
  max_length: 256,
  seed: 0,
  beta: 0.1,
  verifier: "exact",
  generations: 4,
  answer_tokens: 32,
  profile: "single",
  processes: 1,
};
const BUDGET = { steps: 200, tokens: 100_000, seconds: 3600, memory_bytes: 2 ** 33, save_every: 20 };
const DATASET = { submission_id: "s1", entry_id: "e1", entry: "Lantern", version: 3, state: "verified" as const };

/** For tests: a run that is under way. */
export const TRAINING: TrainingRun = {
  id: "t1",
  entry_id: "e1",
  entry: "Lantern",
  dataset: DATASET,
  form: "messages",
  parent: null,
  race: null,
  at_line: false,
  base_model: "gemma",
  spec: SPEC,
  budget: BUDGET,
  dtype: "bfloat16",
  state: "running",
  reason: null,
  code: null,
  detail: {},
  attempt: 1,
  step: 50,
  tokens: 9_000,
  seconds: 75,
  loss: 2.5,
  checkpoint_step: 40,
  stopped: null,
  record: null,
  files: [],
  result: null,
  waiting: null,
  progress: null,
  pausable: true,
  pauses_left: 20,
  paused_until: null,
  resumable: false,
  cancellable: true,
  ordered_by: "Ada",
  decisions: [],
  created_at: "2026-11-21T20:00:00Z",
  started_at: "2026-11-21T20:01:00Z",
  ended_at: null,
};

export const point = (step: number, changes: Partial<TrainingPoint> = {}): TrainingPoint => ({
  step,
  loss: 3,
  learning_rate: 1e-4,
  tokens: 100 * step,
  tokens_per_second: 90,
  gradient_norm: 1,
  memory_bytes: 2 ** 31,
  seconds: step,
  extra: {},
  ...changes,
});

const estimate = { steps: 200, rows: 800, passes: 2.67, tokens: 32_000, seconds: null };

/** What can be made of the data set `s1`. */
export const OPTIONS: TrainingOptions = {
  form: "messages",
  rows: 300,
  tokens_per_row: 40,
  recipes: [
    {
      id: "sft",
      tokens_per_second: null,
      presets: [
        { id: "quick", spec: { ...SPEC, rank: 4 }, estimate },
        { id: "balanced", spec: SPEC, estimate },
        { id: "thorough", spec: { ...SPEC, rank: 16 }, estimate },
      ],
    },
  ],
  methods: ["lora", "dora"],
  profiles: ["single", "ddp"],
  modules: ["q_proj", "k_proj", "v_proj"],
  max_rank: 32,
  max_length: 1024,
  budget: BUDGET,
  parents: [
    { ...DATASET, submission_id: "s2", version: 2, method: "lora", rank: 12, alpha: 24, target_modules: ["k_proj"] },
  ],
  unusable_parents: [],
  runs_left: 3,
  under_way: null,
  closes_at: null,
};
