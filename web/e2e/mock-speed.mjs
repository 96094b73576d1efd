/** Measurements for the pages about speed, by the end of their address: duel, quiz, void, running, waiting. */

const ratio = (median, spread, blocks) => ({
  median,
  lo: median * (1 - spread),
  hi: median * (1 + spread),
  blocks: Array.from({ length: blocks }, (_, at) => median * (1 + spread * Math.sin(at))),
});

function metrics(blocks) {
  return [
    ["first_token", 0.93, 0.99, "a", [391, 416, 420]],
    ["decode", 0.998, 0.995, "tie", [18.2, 18.1, 18.2]],
    ["whole", 0.981, 1.07, "a", [3871, 4240, 3944]],
  ].map(([metric, a, b, outcome, [mine, other, house]]) => ({
    metric,
    a: mine,
    b: other,
    house,
    a_to_house: ratio(a, 0.011, blocks),
    b_to_house: ratio(b, 0.016, blocks),
    a_to_b: ratio(a / b, outcome === "tie" ? 0.02 : 0.012, blocks),
    outcome,
  }));
}

const given = (correct, ms, answer) => ({ correct, ms, tokens: 7, answer });
const QUIZ = [
  "4 + 3 - 2",
  "9 - 5",
  "7 - 8 + 1",
  "6 + 6",
  "2 - 9",
  "8 + 1 - 4",
  "3 + 5",
  "9 - 9 + 2",
  "1 + 7",
  "5 - 6",
].map((sum, at) => ({
  question: `State the final answer to the following arithmetic problem: ${sum} =`,
  expected: String(at - 1),
  a: given(at % 4 !== 0, 620 + 31 * at, `The answer is ${at - (at % 4 === 0 ? 3 : 1)}.`),
  b: given(at % 3 === 0, 702 + 17 * at, at === 4 ? null : String(at)),
  house: given(at % 5 === 0, 655 + 20 * at, "7"),
}));
const AXES = [
  { axis: "accuracy", a: 0.7, b: 0.4, house: 0.2 },
  { axis: "time_to_answer", a: 1.12, b: 0.91, house: 1 },
  { axis: "first_token", a: 1.07, b: 1.01, house: 1 },
  { axis: "decode", a: 1.0, b: 0.98, house: 1 },
  { axis: "evenness", a: 0.82, b: 0.71, house: 0.8 },
];

const RUN = {
  id: "duel",
  episode_id: "e",
  number: 2,
  kind: "duel",
  state: "done",
  house: { entry_id: "h", name: "House", kind: "house", version: 1 },
  rules: { blocks: 7, tokens: 64, tie_band: 0.02 },
  rules_digest: "ab".repeat(32),
  seed_commitment: "4be1d09c77aa".repeat(6).slice(0, 64),
  seed: 6104218834417,
  blocks: 7,
  blocks_done: 7,
  waiting: null,
  void: null,
  reason: null,
  hardware_class: "cpu-x86_64-avx512bf16-2c",
  rehearsal: false,
  attested_before: "91c2".repeat(16),
  attested_after: "0fd7".repeat(16),
  result: { metrics: metrics(7), quiz: [], axes: [] },
  released_at: "2026-11-21T12:00:00Z",
  measured_at: "2026-11-21T11:50:00Z",
  created_at: "2026-11-21T11:45:00Z",
};
const CHANGES = {
  duel: {},
  quiz: {
    kind: "quiz",
    blocks: 5,
    blocks_done: 5,
    result: { metrics: metrics(5), quiz: QUIZ, axes: AXES },
  },
  void: {
    state: "void",
    void: "not_exclusive",
    reason: "The engine has answered others in between: 1.",
    blocks_done: 3,
    result: {
      metrics: metrics(3).map((one) => ({ ...one, outcome: null, a_to_b: null, a_to_house: null })),
      quiz: [],
      axes: [],
    },
  },
  running: { state: "running", blocks_done: 3, seed: null, result: null, attested_after: null, released_at: null },
  waiting: { result: null, released_at: null },
};

/** The run at `/speed/{name}`, or undefined. */
export function speedRun(name, language) {
  const change = CHANGES[name];
  if (!change) return undefined;
  const [a, b] = language === "zh" ? ["拾光者", "北极星小队"] : ["Lumen", "Polaris Squad"];
  const entry = (entry_id, called, version) => ({ entry_id, name: called, kind: "contestant", version });
  return { ...RUN, ...change, id: name, a: entry("e0", a, 1), b: entry("e1", b, 3) };
}
