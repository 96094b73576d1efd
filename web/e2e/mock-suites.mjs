/** Suites and their scores for the public pages: `reasoning` with the seed published with it, `sealed` with one that the season keeps. */

const TITLES = {
  word_order: ["Word order", "语序还原"],
  number_sequence: ["Number sequences", "数列"],
  letter_counting: ["Counting letters", "数字母"],
  family: ["Family relations", "亲属关系"],
  calendar: ["Calendar", "日历推算"],
  syllogism: ["Syllogisms", "三段论"],
  compass: ["Directions", "方位"],
  zebra: ["Zebra puzzles", "斑马谜题"],
  truth: ["Knights and knaves", "骑士与无赖"],
  colours: ["Coloured blocks", "彩色方块"],
  time: ["Time spans", "时间间隔"],
  small_sums: ["Small sums", "一位数加减"],
};

const family = (name, index) => ({
  name,
  title: { en: TITLES[name][0], zh: TITLES[name][1] },
  kind: name === "small_sums" ? "generate" : "choice",
  source: "gym",
  made_by: name,
  items: 40,
  air: index === 3 ? [0, 4, 9] : [0, 1, 2],
  options: name === "small_sums" ? 0 : 4,
  chance: name === "small_sums" ? 0 : 0.25,
  max_tokens: 24,
  scorer: name === "small_sums" ? "number" : "gym",
});

const suite = (id, en, zh, names) => ({
  id,
  name: { en, zh },
  version: 2,
  digest: "3f0c91ab7e52".repeat(6).slice(0, 64),
  licence: "Apache-2.0",
  canary: "6d1f0c7e-9a53-4c1d-8f22-5b1b5a0f9d11",
  generator: "reasoning-gym==0.1.25",
  seed: 20260801,
  seed_commitment: null,
  families: names.map(family),
});

const ALL = Object.keys(TITLES);
export const SUITES = [
  suite("reasoning", "Reasoning", "推理", ALL),
  suite("arithmetic", "Arithmetic", "算术", ["number_sequence", "small_sums", "time", "calendar"]),
  { ...suite("sealed", "Sealed", "封存", ["truth", "zebra"]), seed: null, seed_commitment: "9be1".repeat(16) },
];

const tasks = (shift) =>
  ALL.map((task, index) => ({
    task,
    n: 40,
    accuracy: 0.5,
    chance: 0.25,
    score: Math.max(-0.1, 0.35 + shift + 0.3 * Math.sin(index * 1.7 + shift * 9)),
    stderr: 0.09,
  }));

function row(entry_id, name, kind, value, shift, change = {}) {
  return {
    entry_id,
    name,
    kind,
    version: 3,
    accuracy: { value, stderr: 0.026, overridden: false, stale: false },
    override: null,
    run_id: `run-${entry_id}`,
    extent: "full",
    tasks: tasks(shift),
    hardware_class: "cpu-x86_64-avx512bf16-2c",
    attestation: "91c2".repeat(16),
    ...change,
  };
}

/** The scores of the suite, in the order of the board. */
export function suiteScores(id, language) {
  const [lumen, polaris] = language === "zh" ? ["拾光者", "北极星小队"] : ["Lumen", "Polaris Squad"];
  const rows =
    id === "reasoning"
      ? [
          row("e0", lumen, "contestant", 0.47, 0.12),
          row("e1", polaris, "contestant", 0.41, 0.03, {
            accuracy: { value: 0.41, stderr: null, overridden: true, stale: false },
            override: language === "zh" ? "引擎中途换过版本" : "The engine had changed in between",
          }),
          row("h", "House", "house", 0.33, -0.05, {
            accuracy: { value: 0.33, stderr: 0.024, overridden: false, stale: true },
          }),
        ]
      : [row("h", "House", "house", 0, 0, { accuracy: null, run_id: null, extent: null, tasks: [] })];
  return { suite: id, frozen: id === "sealed", rows };
}

export const REPRODUCE = {
  command:
    // biome-ignore lint/suspicious/noTemplateCurlyInString: for the shell
    'lm_eval --model local-completions --model_args "base_url=${ENGINE:-http://127.0.0.1:8000}/v1/completions,model=a-5b27c1d0e94f,tokenizer=${TOKENIZER:-tokenizer},tokenizer_backend=huggingface,tokenized_requests=True,add_bos_token=True,max_retries=3,timeout=300,num_concurrent=8,max_length=1024,seed=20260801" --tasks gavel_reasoning_v2 --include_path . --num_fewshot 0 --seed 20260801,20260801,20260801,20260801 --log_samples --output_path out',
  judge: "gavel suite score . out",
  judged: ["small_sums"],
  folder: "/api/runs/run-h/lm-eval.zip",
};
