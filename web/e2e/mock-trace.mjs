/** A trace and an attention map for the pages to be looked at: numbers made from a small generator, always the same. */

const SAID = {
  zh: {
    prompt: "用一句话解释为什么天空是蓝的。",
    left: [
      "阳",
      "光",
      "穿过",
      "空气",
      "时",
      "，",
      "蓝",
      "光",
      "散",
      "得",
      "最",
      "开",
      "，",
      "于是",
      "满天",
      "都",
      "是",
      "它",
      "。",
    ],
    right: ["因为", "大海", "在", "天上", "照", "镜子", "，", "而", "镜子", "里", "只", "有", "蓝色", "。"],
    others: ["光线", "天空", "因为", "它", "，", "的", "很", "蓝色", "空中", "最"],
  },
  en: {
    prompt: "Explain in one sentence why the sky is blue.",
    left: "Sunlight is a choir of colours , and air scatters the short blue notes the widest , so they reach us from everywhere ."
      .split(" ")
      .map((word, place) => (place === 0 || /^[,.]/.test(word) ? word : ` ${word}`)),
    right: "Because the sea keeps a mirror up there ."
      .split(" ")
      .map((word, place) => (place === 0 || word === "." ? word : ` ${word}`)),
    others: [" light", " the", " because", " it", ",", " of", " very", " blue", " sky", " most"],
  },
};

function random(seed) {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return state / 2147483648;
  };
}

function stepOf(text, index, others, draw) {
  const own = 0.15 + 0.8 * draw();
  const chances = [0.5, 0.25, 0.12, 0.06, 0.03].map((share) => share * (1 - own));
  const ranked = [own, ...chances].sort((one, other) => other - one);
  const rest = 1 - own - chances.reduce((sum, one) => sum + one, 0);
  const known = [...ranked.slice(0, 5), rest + ranked[5]];
  return {
    text,
    probability: own,
    entropy: known.reduce((sum, one) => sum - (one > 0 ? one * Math.log2(one) : 0), 0),
    margin: ranked[0] - ranked[1],
    surprise: -Math.log2(own),
    alternatives: chances.map((probability, place) => ({
      text: index === 4 && place === 1 ? null : others[(index + 3 * place) % others.length],
      probability,
    })),
  };
}

const STATES = {
  waiting: { state: "waiting", reason: "waiting until no duel is on its way", progress: null, deadline: null },
  running: { state: "running", reason: null, progress: { done: 2, total: 3, note: "reading" }, deadline: null },
  done: { state: "done", reason: null, progress: null, deadline: null },
  none: { state: "none", reason: null, progress: null, deadline: null },
};

/** `kind`: `looked` (with attention), `waiting`, `card` (the left answer was replaced), `old` (nothing recorded). */
export function traceOf(kind, language) {
  const said = SAID[language] ?? SAID.en;
  const draw = random(7);
  const side = (name, words, state) => ({
    entry: { id: name, name, kind: "contestant" },
    text: words.join(""),
    finish_reason: "stop",
    off_air: null,
    ai_generated: true,
    steps: kind === "old" ? [] : [...words, ""].map((word, index) => stepOf(word, index, said.others, draw)),
    attention: STATES[state],
  });
  const left = side("Lantern", said.left, kind === "waiting" ? "waiting" : kind === "looked" ? "done" : "none");
  return {
    duel_id: kind,
    episode_id: "episode",
    number: 3,
    turn: 1,
    turns: 1,
    prompt: said.prompt,
    temperature: 0.8,
    left: kind === "card" ? { ...left, text: "", steps: [], off_air: "replaced" } : left,
    right: side("Northstar", said.right, kind === "waiting" ? "running" : "none"),
  };
}

export function attentionOf(_, side, language) {
  const said = SAID[language] ?? SAID.en;
  const template = [..."### System:"].map((text) => ({ kind: "template", text }));
  const prompt = said.prompt.split(/(?= )|(?<=[\u4e00-\u9fff])/).map((text) => ({ kind: "prompt", text }));
  const system = Array.from({ length: 9 }, () => ({ kind: "system", text: "" }));
  const before = [{ kind: "mark", text: "" }, ...template, ...system, { kind: "template", text: "\n" }, ...prompt];
  const tokens = [...before, { kind: "template", text: "\n" }, ...said[side].map((text) => ({ kind: "answer", text }))];
  const layer = (number) => {
    const draw = random(number + 1);
    const sources = [];
    const weights = [];
    for (let row = 0; row < tokens.length; row++) {
      const places = [0, row, ...Array.from({ length: 6 }, () => Math.floor(draw() * (row + 1)))];
      const kept = [...new Set(places)];
      const raw = kept.map(() => draw() ** 3);
      const sum = raw.reduce((total, one) => total + one, 0.2);
      const looks = kept.map((place, at) => [place, Math.max(1, Math.floor((raw[at] / sum) * 10000))]);
      looks.sort((one, other) => other[1] - one[1]);
      sources.push(looks.map(([place]) => place));
      weights.push(looks.map(([, weight]) => weight));
    }
    return { sources, weights };
  };
  const kinds = Array.from({ length: 18 }, (_, number) =>
    number % 6 === 5 ? { kind: "global", window: null } : { kind: "sliding", window: 512 },
  );
  return {
    diagnostic: true,
    ai_generated: true,
    base_model: "gemma-3-270m",
    tokens,
    answer_from: before.length + 1,
    cut: false,
    layers: kinds.map((one, number) => ({ ...one, ...layer(number) })),
    rollout: { kind: "rollout", window: null, ...layer(99) },
  };
}
