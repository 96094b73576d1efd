/** Training for the pages of all apps: one contestant with a data set, runs in every state, races at every moment. */

const MINUTE = 60_000;
const at = (ms) => new Date(Date.now() + ms).toISOString();

/** A loss that falls, as jagged as small batches make it; the same each time it is asked for. */
function curve(steps, { from = 3.1, to = 1.62, pace = 1.9, noise = 0.16, seed = 1, extra = () => ({}) } = {}) {
  const wave = (step, n) =>
    Math.sin(step * 12.9898 * n + seed * 78.233) * 0.5 + Math.sin(step * 4.1414 + seed * n) * 0.5;
  return Array.from({ length: steps }, (_, index) => {
    const step = index + 1;
    const loss = to + (from - to) * Math.exp(-step / 42) + noise * wave(step, 1) * Math.exp(-step / 160);
    return {
      step,
      loss,
      learning_rate: 3e-4 * Math.min(1, step / 5) * (1 - step / 230),
      tokens: 173 * step,
      tokens_per_second: 92 + 6 * wave(step, 2),
      gradient_norm: 0.9 + 1.4 * Math.exp(-step / 30) + 0.25 * Math.abs(wave(step, 3)),
      memory_bytes: 1.9e9 + Math.min(step, 20) * 1.1e7,
      seconds: step * pace,
      extra: extra(step, wave(step, 5)),
    };
  });
}

const preferred = (step, wave) => ({
  margin: 1.2 * (1 - Math.exp(-step / 60)) + 0.15 * wave,
  accuracy: Math.min(1, 0.5 + 0.45 * (1 - Math.exp(-step / 50)) + 0.05 * wave),
});
const CURVES = {
  running: curve(84),
  done: curve(200, { seed: 2 }),
  dpo: curve(200, { seed: 3, from: 0.69, to: 0.41, noise: 0.06, extra: preferred }),
  higher: curve(200, { seed: 4, to: 1.44, pace: 2.3 }),
  paused: curve(60, { seed: 5 }),
  refused: curve(12, { seed: 6, from: 3.1, to: 30, noise: 2 }),
};

const SPEC = {
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
const BUDGET = { steps: 200, tokens: 1_000_000, seconds: 3600, memory_bytes: 8 << 30, save_every: 20 };
const RECORD = {
  steps: 200,
  tokens: 34_600,
  supervised_tokens: 8_120,
  rows: 300,
  seconds: 380,
  first_loss: 3.064,
  final_loss: 1.61,
  peak_bytes: 2_147_000_000,
  libraries: { torch: "2.13.0", trl: "1.16.0", peft: "0.21.2" },
  machine: {},
  residual: null,
  held_out: { loss_before: 3.02, loss_after: 1.78 },
};
const FILES = [
  { name: "adapter_config.json", sha256: "ab".repeat(32), bytes: 812 },
  { name: "adapter_model.safetensors", sha256: "cd".repeat(32), bytes: 1_486_216 },
];

const version = (number, id = `v${number}`) => ({
  submission_id: id,
  entry_id: "lumen",
  entry: "Lumen",
  version: number,
  state: "verified",
});

function run(id, changes = {}) {
  const points = CURVES[id] ?? [];
  const last = points.at(-1);
  return {
    id,
    entry_id: "lumen",
    entry: "Lumen",
    dataset: version(3, "data"),
    form: "messages",
    parent: null,
    race: null,
    at_line: false,
    base_model: "gemma-3-270m",
    budget: BUDGET,
    dtype: "bfloat16",
    state: "running",
    reason: null,
    code: null,
    detail: {},
    attempt: 1,
    step: last?.step ?? 0,
    tokens: last?.tokens ?? 0,
    seconds: last?.seconds ?? 0,
    loss: last?.loss ?? null,
    checkpoint_step: last ? last.step - (last.step % 20) : null,
    stopped: null,
    record: null,
    files: [],
    result: null,
    waiting: null,
    progress: null,
    pausable: false,
    pauses_left: 20,
    paused_until: null,
    resumable: false,
    cancellable: false,
    ordered_by: "Ada",
    decisions: [],
    created_at: at(-12 * MINUTE),
    started_at: at(-10 * MINUTE),
    ended_at: null,
    ...changes,
    spec: { ...SPEC, ...changes.spec },
  };
}

const ended = { state: "done", stopped: "steps", record: RECORD, files: FILES, ended_at: at(-MINUTE) };
export const RUNS = [
  run("running", { pausable: true, cancellable: true }),
  run("queued", {
    state: "queued",
    started_at: null,
    pausable: true,
    cancellable: true,
    waiting: {
      reason: "waiting for an engine with the weights of gemma-3-270m",
      position: 2,
      deadline: at(30 * MINUTE),
    },
    created_at: at(-2 * MINUTE),
  }),
  run("paused", {
    state: "paused",
    paused_until: at(6 * 24 * 60 * MINUTE),
    resumable: true,
    cancellable: true,
    created_at: at(-60 * MINUTE),
  }),
  run("done", { ...ended, result: version(4), created_at: at(-200 * MINUTE) }),
  run("dpo", {
    ...ended,
    form: "preference",
    parent: version(4),
    spec: { recipe: "dpo", learning_rate: 5e-5 },
    record: {
      ...RECORD,
      first_loss: 0.691,
      final_loss: 0.42,
      held_out: { margin_before: 0, margin_after: 0.84, loss_before: 0.69, loss_after: 0.47 },
    },
    result: version(5),
    created_at: at(-160 * MINUTE),
  }),
  run("higher", {
    ...ended,
    spec: { method: "dora", rank: 16, alpha: 32, learning_rate: 0.0005 },
    record: {
      ...RECORD,
      final_loss: 1.43,
      seconds: 460,
      residual: 0.031,
      held_out: { loss_before: 3.02, loss_after: 1.69 },
    },
    result: version(6),
    created_at: at(-140 * MINUTE),
  }),
  run("refused", {
    state: "refused",
    code: "training.diverged",
    reason: "The loss is not a number.",
    detail: { step: 13 },
    ended_at: at(-3 * MINUTE),
    created_at: at(-300 * MINUTE),
  }),
];

const preset = (id, changes, estimate) => ({
  id,
  spec: { ...SPEC, ...changes },
  estimate: { steps: 200, seconds: 380, ...estimate },
});
export const OPTIONS = {
  form: "messages",
  rows: 300,
  tokens_per_row: 43,
  recipes: ["sft", "grpo"].map((id) => ({
    id,
    tokens_per_second: id === "sft" ? 92.4 : null,
    presets: [
      preset("quick", { recipe: id, rank: 4, alpha: 8, batch_size: 2 }, { rows: 400, passes: 1.33, tokens: 17_200 }),
      preset("balanced", { recipe: id }, { rows: 800, passes: 2.67, tokens: 34_400 }),
      preset(
        "thorough",
        {
          recipe: id,
          rank: 16,
          alpha: 32,
          batch_size: 8,
          target_modules: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        },
        { rows: 1600, passes: 5.33, tokens: 68_800 },
      ),
    ],
  })),
  methods: ["lora", "rslora", "dora"],
  profiles: ["single", "ddp", "fsdp2", "zero2", "zero3"],
  modules: ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
  max_rank: 32,
  max_length: 1024,
  budget: BUDGET,
  parents: [{ ...version(4), method: "lora", rank: 8, alpha: 16, target_modules: ["q_proj", "v_proj"] }],
  unusable_parents: [{ ...version(2), code: "training.parent_gone", reason: "Its files are gone." }],
  runs_left: 4,
  under_way: null,
  closes_at: at(3 * 24 * 60 * MINUTE),
};

/** 18 layers over so many processes; several hold a share of each. */
function devices(processes) {
  const parts = [
    { name: "embeddings", parameters: 167_772_160, trainable: 0 },
    ...Array.from({ length: 18 }, (_, layer) => ({
      name: `layers.${layer}`,
      parameters: 5_591_040,
      trainable: 20_480,
    })),
  ];
  const share = (count) => Math.ceil(count / processes);
  const all = parts.reduce((sum, part) => sum + part.parameters, 0);
  return {
    profile: processes > 1 ? "fsdp2" : "single",
    parts,
    shares: Array.from({ length: processes }, (_, rank) => ({
      rank,
      rows: Math.max(1, 4 / processes),
      held: parts.map((part) => share(part.parameters)),
      weight_bytes: 2 * share(all),
      gradient_bytes: 4 * share(368_640),
      optimiser_bytes: 8 * share(368_640),
    })),
    gathered_bytes: processes > 1 ? 335_544_320 : 0,
  };
}

const RECIPE = {
  recipe: { spec: SPEC, budget: BUDGET },
  command: "gavel train recipe.json --data data.jsonl --out adapter",
  swift:
    "swift sft \\\n  --model ./gemma-3-270m \\\n  --tuner_type lora \\\n  --dataset data.jsonl \\\n  --lora_rank 8 \\\n  --lora_alpha 16 \\\n  --learning_rate 0.0003 \\\n  --max_steps 200",
  remarks: ["template", "schedule"],
};

const submission = (number, artifact, changes = {}) => ({
  id: `v${number}`,
  entry_id: "lumen",
  entry_name: "Lumen",
  version: number,
  artifact,
  state: "ready",
  checks: [],
  created_at: at(-300 * MINUTE),
  digest: "ab".repeat(32),
  modules: [],
  progress: null,
  rank: artifact === "adapter" ? 8 : null,
  refusal: null,
  size_bytes: 1_486_216,
  uploads: [],
  waiting: null,
  withdrawn_from: null,
  ...changes,
});
const DATA = submission(3, "dataset", { id: "data", state: "verified", size_bytes: 83_402 });
const ENTRIES = [
  {
    id: "lumen",
    name: "Lumen",
    kind: "contestant",
    team: null,
    decides: true,
    competing: { submission_id: "v4", chosen: false },
    submissions: [submission(4, "adapter"), DATA],
  },
];
const DATASET = {
  submission_id: "data",
  accepted: null,
  may_decide: true,
  licence: { id: "own", note: null },
  report: {
    form: "messages",
    rows: 300,
    source: "jsonl",
    findings: [],
    labels: null,
    lengths: {
      characters: { total: 61_200, median: 190, most: 420 },
      units: { total: 9_100, median: 29, most: 71 },
    },
    private_grams: 5_120,
    roles: {},
    canonical: null,
    cleaned: null,
    near_threshold: 0.9,
    word_lists: "2026-11",
  },
};

// --- races ---------------------------------------------------------------------------------------------------------

const RACE_SECONDS = 600;

function racer(entry, steps, shape, changes = {}) {
  const points = curve(steps, { pace: 1.9, noise: 0.1, ...shape });
  const last = points.at(-1);
  return {
    entry_id: entry,
    entry,
    recipe: "sft",
    method: "lora",
    state: "running",
    at_line: true,
    step: last?.step ?? 0,
    tokens: last?.tokens ?? 0,
    seconds: last?.seconds ?? 0,
    loss: last?.loss ?? null,
    curve: Object.fromEntries(points.map((point) => [point.step, [point.seconds, point.loss]])),
    stopped: null,
    code: null,
    version: null,
    ...changes,
  };
}

const NAMES = {
  zh: ["拾光者", "北极星小队", "三号机与猫", "夜航船"],
  en: ["Lumen", "Polaris Squad", "Unit Three and the Cat", "Night Boat"],
};

/** A race by the end of its address: lineup, soon, racing, over, crowd. */
export function race(name, language) {
  const [a, b, c] = NAMES[language] ?? NAMES.en;
  const base = {
    id: name,
    season_id: "season",
    name: language === "zh" ? "十分钟调教赛" : "Ten-minute tuning race",
    seconds: RACE_SECONDS,
    line_seconds: 600,
    line_until: null,
    room: null,
    state: "running",
    started_at: at(-382_000),
    ends_at: at(218_000),
    created_at: at(-20 * MINUTE),
  };
  const two = (steps, changes = [{}, {}]) => ({
    r1: racer(a, steps, { seed: 1 }, changes[0]),
    r2: racer(b, Math.floor(steps * 0.93), { seed: 4, from: 2.7, to: 1.21, pace: 2.05 }, changes[1]),
  });
  const races = {
    lineup: {
      state: "planned",
      line_until: at(480_000),
      room: 1,
      started_at: null,
      ends_at: null,
      runs: two(0, [{}, { at_line: false, state: "queued" }]),
    },
    soon: { started_at: at(12_000), ends_at: at(612_000), runs: two(0) },
    racing: { runs: two(200) },
    over: {
      state: "ended",
      started_at: at(-700_000),
      ends_at: at(-100_000),
      runs: {
        ...two(315, [
          { state: "done", stopped: "clock", version: 4 },
          { state: "done", stopped: "clock", version: 2 },
        ]),
        r3: racer(c, 34, { seed: 7, from: 3, to: 6.5 }, { state: "refused", code: "training.diverged" }),
      },
    },
    crowd: {
      runs: Object.fromEntries(
        Array.from({ length: 10 }, (_, index) => [
          `r${index}`,
          racer(`${(NAMES[language] ?? NAMES.en)[index % 4]} ${index + 1}`, 150 + 7 * index, {
            seed: index,
            from: 2.4 + 0.12 * index,
            to: 1.1 + 0.09 * index,
          }),
        ]),
      ),
    },
  };
  return races[name] && { ...base, ...races[name] };
}

export const RACES = ["lineup", "soon", "racing", "over", "crowd"];

// --- the portal ----------------------------------------------------------------------------------------------------

const ME = { id: "ada", email: "ada@example.org", display_name: "Ada", roles: ["contestant", "producer"] };
const list = (of) => of.map((one) => ({ ...one, points: undefined }));

/** What the season says besides what the audience needs. */
export const SEASON = {
  max_entries: 3,
  max_versions: 20,
  versions_per_day: 5,
  closes_at: OPTIONS.closes_at,
  licence: "Gemma Terms of Use",
  licence_url: "https://ai.google.dev/gemma/terms",
  rules_digest: "ab".repeat(32),
  sampling: { max_tokens: 120, temperature: 0.7, top_p: 0.9 },
  speed: { blocks: 7, tokens: 64, tie_band: 0.02 },
  track: {
    base_model: "gemma-3-270m",
    max_rank: 32,
    max_bytes: 64 << 20,
    artifacts: ["adapter", "dataset"],
    max_dataset_bytes: 200 << 20,
    training: { budget: BUDGET, recipes: ["sft", "grpo"], methods: ["lora"], runs_per_day: 5, dtype: "bfloat16" },
  },
};

const CANDIDATES = [
  {
    run_id: "candidate",
    made_at: at(-30 * MINUTE),
    parent: version(4),
    state: "ready",
    pairs: 42,
    margin_before: 0.11,
    margin_after: 0.63,
    promoted: null,
    obstacle: null,
  },
];

/** `give` and `refuse` are the mock portal's; `language()` is the one of the scene. */
export function trainingRoutes(give, refuse, language) {
  const one = (id) => RUNS.find((found) => found.id === id);
  return [
    ["GET", /^\/api\/me$/, () => give(ME)],
    ["GET", /^\/api\/entries$/, () => give(ENTRIES)],
    ["GET", /^\/api\/practice$/, () => give([])],
    ["GET", /^\/api\/candidates$/, () => give(CANDIDATES)],
    ["GET", /^\/api\/submissions\/\w+\/dataset$/, () => give(DATASET)],
    ["GET", /^\/api\/similarity-flags$/, () => give([])],
    ["GET", /^\/api\/training\/options$/, () => give(OPTIONS)],
    [
      "GET",
      /^\/api\/training\/datasets$/,
      () => give([version(3, "data"), { ...version(2, "other"), entry_id: "polaris", entry: "Polaris Squad" }]),
    ],
    ["GET", /^\/api\/training\/runs$/, () => give(list(RUNS))],
    ["POST", /^\/api\/training\/runs$/, () => give(one("queued"))],
    [
      "GET",
      /^\/api\/training\/runs\/(\w+)$/,
      ({ match }) => (one(match[1]) ? give(one(match[1])) : refuse("training.not_found", 404)),
    ],
    [
      "GET",
      /^\/api\/training\/runs\/(\w+)\/points$/,
      ({ match, query }) =>
        give({
          stride: 1,
          points: (CURVES[match[1]] ?? []).filter(({ step }) => step > Number(query.get("after") ?? 0)),
        }),
    ],
    ["GET", /^\/api\/training\/runs\/(\w+)\/devices$/, ({ match }) => give(devices(match[1] === "higher" ? 4 : 1))],
    ["GET", /^\/api\/training\/runs\/\w+\/recipe$/, () => give(RECIPE)],
    ["GET", /^\/api\/training\/races$/, () => give(["lineup", "racing", "over"].map((name) => race(name, language())))],
  ];
}

/** Name and state of each channel. */
export function trainingChannels(language) {
  return [
    ["submission:data", () => DATA],
    ...RUNS.map((found) => [`training:${found.id}`, () => found]),
    ...RACES.map((name) => [`race:${name}`, () => race(name, language())]),
  ];
}
