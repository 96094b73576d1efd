/**
 * A scripted show for development and tests: the states of the stage and board channels as the
 * portal would send them. No rule of the real show lives here; never shipped.
 */
import { Ballot } from "./mock-ballot.mjs";

export const IDS = {
  season: "0199b7a0-0000-7000-8000-000000000001",
  episode: "0199b7a0-0000-7000-8000-000000000002",
  duel: "0199b7a0-0000-7000-8000-000000000003",
};
export const CODE = "K7M4QX";

const SCRIPTS = {
  zh: {
    title: "创意之夜",
    prompt: "以「雨夜里的路灯」写一首短诗",
    left: "路灯把雨拆成金线，\n一根一根，缝进柏油的黑里。\n\n它站了一夜，没有人借它的光，\n只有水洼替它数过路人。🏮",
    right: "雨说：我走了很远的路，\n灯说：我一步也没走。\n\n他们在半空相认，\n于是夜色有了颗粒，像旧胶片。",
    names: ["拾光者", "北极星小队", "三号机与猫", "River LoRA", "House"],
  },
  en: {
    title: "The creative night",
    prompt: "Explain gravity to a cat that refuses to fall",
    left: "Dear cat, the floor has been in love with you since before you were born. Everything you push off the table is a letter it asked you to send. You call it falling; the floor calls it coming home. Try to leave, and it will only hold its breath until you are back.",
    right:
      "Gravity is the dog you cannot see. It follows you up the shelf, waits under the lamp, and catches whatever you drop. You never fall: you land, on purpose, with contempt, because the ground was going to be there anyway and you would rather arrive than be fetched.",
    names: ["Lumen", "Polaris Squad", "Unit Three & Cat", "River LoRA", "House"],
  },
  long: {
    title: "创意之夜",
    prompt:
      "请为一座即将关闭的火车站写一段广播词，要让每一个还没等到人的旅客听完之后愿意回家，并且不许出现「再见」两个字",
    left: "各位旅客，本站今晚十二点整熄灯。候车室的长椅会记得您坐过的弧度，时钟会替您多走三分钟。没有等到的那个人，并不是迟到，他只是把车票夹在了某一本书里，翻到那一页的时候，自然会想起您。请带好随身物品，也带好您一路上没有说出口的话，它们比行李轻，却不能托运。出站口的灯会一直亮到最后一位旅客离开，外面在下小雨，雨不大，刚好够您慢慢走。回家吧，今晚每一列末班车都朝着家的方向开。",
    right:
      "现在广播最后一次通知：由昨天开往明天的列车已经到站，本站不再检票。还在等人的旅客，请您看一看身边的空位，那不是空的，那是您留给他的。我们替您保管了二十年的站台风声，现在交还给您，请签收。雨伞在服务台，热水在走廊尽头，末班公交会等您三分钟。车站关了门，路还开着；铁轨拆了，方向还在。请您先回家，把窗户留一盏灯的宽度，等的人会认得那道光。感谢您把最好的时间放在这里候车。",
    names: [
      "一个名字特别特别长的参赛队伍代表队",
      "The Extraordinarily Long Team Name",
      "三号机与猫",
      "River LoRA",
      "House",
    ],
  },
};

const empty = () => ({ left: 0, right: 0, tie: 0, both_bad: 0 });
const iso = (ms = Date.now()) => new Date(ms).toISOString();
const id = (n) => `0199b7a0-0000-7000-8000-0000000001${String(n).padStart(2, "0")}`;

const SIDES = ["left", "right", "tie", "both_bad"];
const QUESTION = "0199b7a0-0000-7000-8000-000000030001";
const SURPRISE = "0199b7a0-0000-7000-8000-000000030002";

export class Show {
  constructor(onChange) {
    this.onChange = onChange;
    this.reset("zh");
  }

  reset(language) {
    this.language = language;
    this.script = SCRIPTS[language] ?? SCRIPTS.zh;
    this.books = new Map([
      [QUESTION, new Ballot(QUESTION, ["q1", "q2", "q3"])],
      [SURPRISE, new Ballot(SURPRISE, ["now"])],
    ]);
    this.extra = 0;
    this.timer && clearInterval(this.timer);
    this.number = 1;
    this.stage = {
      episode: {
        id: IDS.episode,
        season_id: IDS.season,
        title: this.script.title,
        number: 3,
        code: CODE,
        state: "live",
      },
      version: 1,
      phase: "idle",
      duel: null,
      ballot: null,
      result: null,
      polls: [],
      now: iso(),
    };
    this.board = this.makeBoard(false);
    this.changed();
  }

  changed() {
    this.stage = { ...this.stage, version: this.stage.version + 1, now: iso() };
    this.onChange();
  }

  makeBoard(after) {
    const ratings = after
      ? [
          [1139, 71],
          [1093, 74],
          [1038, 69],
          [1017, 72],
          [1000, 9],
        ]
      : [
          [1127, 86],
          [1104, 88],
          [1038, 82],
          [1017, 84],
          [1000, 10],
        ];
    const speed = [1.42, 0.97, null, 1.1, 1];
    const accuracy = [0.62, 0.58, 0.66, 0.41, 0.37];
    return {
      season_id: IDS.season,
      version: after ? 13 : 12,
      computed_at: iso(),
      duels: after ? 37 : 36,
      close_call: true,
      rows: ratings.map(([rating, half], index) => ({
        rank: [1, 1, 3, 4, 5][index],
        entry_id: id(index),
        name: this.script.names[index],
        kind: index === 4 ? "house" : "contestant",
        rating,
        lo: rating - half,
        hi: rating + half,
        accuracy: index === 3 ? null : { value: accuracy[index], stderr: 0.021 },
        rank_to: [2, 2, 4, 5, 5][index],
        speed:
          speed[index] === null
            ? null
            : {
                ratio: speed[index],
                lo: index === 4 ? null : speed[index] - 0.06,
                hi: index === 4 ? null : speed[index] + 0.07,
                run_id: index === 4 ? null : id(index),
                rehearsal: false,
              },
        overall:
          index === 2 || index === 3 ? null : { value: 61.4 - 4 * index, lo: 56.2 - 4 * index, hi: 66 - 4 * index },
        missing: index === 2 ? ["speed"] : index === 3 ? ["accuracy"] : [],
        state: "ready",
      })),
      frozen: false,
      closed: false,
      sealed: [],
      staging: null,
      snapshot_id: id(1),
      rules_digest: "ab".repeat(32),
      weights: { creativity: 0.5, accuracy: 0.3, speed: 0.2 },
    };
  }

  /** Closed, with the last `shown` rows revealed. */
  closedBoard(shown) {
    const { rows } = this.board;
    const kept = rows.slice(0, rows.length - shown);
    const sealed = kept.map(({ entry_id, name, kind }) => ({ entry_id, name, kind }));
    this.board = { ...this.board, closed: true, close_call: false, rows: rows.slice(rows.length - shown), sealed };
    this.changed();
  }

  /** How the ratings came to be what they are. */
  history() {
    const entries = this.board.rows.map(({ entry_id, name, kind }) => ({ entry_id, name, kind }));
    const moments = Array.from({ length: 12 }, (_, step) => ({
      snapshot_id: id(step),
      at: iso(),
      duels: 3 * step + 4,
      ratings: Object.fromEntries(
        this.board.rows.map(({ entry_id, rating, kind }, index) => [
          entry_id,
          kind === "house"
            ? 1000
            : 1000 + ((rating - 1000) * step) / 11 + 40 * Math.sin(step + 2 * index) * (1 - step / 11),
        ]),
      ),
    }));
    return { entries, moments };
  }

  /** How the season stood after this episode. */
  episodeBoard() {
    const { rows, computed_at: at } = this.board;
    const shown = rows.map(({ accuracy: _, overall: __, missing: ___, ...row }, index) => ({
      ...row,
      duels: 4 - (index % 3),
    }));
    return { episode_id: IDS.episode, number: 3, title: "创意之夜", snapshot_id: id(1), at, duels: 8, rows: shown };
  }

  origins(entry) {
    const row = this.board.rows.find((one) => one.entry_id === entry) ?? this.board.rows[0];
    const others = this.board.rows.filter((one) => one !== row);
    return {
      row,
      version: 3,
      snapshot_id: id(1),
      rules_digest: "ab".repeat(32),
      weights: this.board.weights,
      duels: others.map(({ entry_id, name, kind }, index) => ({
        duel_id: id(index),
        ballot_id: id(index),
        episode_id: IDS.episode,
        episode: 1,
        number: index + 1,
        opponent: { entry_id, name, kind },
        crowd: [80 - 9 * index, 31 + index, 6, 3],
        judges: [3, 1, 1, 0],
      })),
      suites: [{ suite: "reasoning", weight: 1, accuracy: row.accuracy, run_id: id(0) }],
      speed: [{ run_id: id(0), episode_id: IDS.episode, number: 1, kind: "duel", void: false, counts: true }],
    };
  }

  emptyBoard() {
    this.board = { ...this.board, version: 1, duels: 0, computed_at: null, close_call: false, rows: [] };
    this.changed();
  }

  unratedBoard() {
    const rows = this.board.rows.map((row) => ({ ...row, rank: null, rating: null, lo: null, hi: null }));
    this.board = { ...this.board, duels: 2, close_call: false, rows };
    this.changed();
  }

  /** Each round has its own: a phone remembers what it did in a ballot. */
  get ballotId() {
    return `0199b7a0-0000-7000-8000-00000002${String(this.number).padStart(4, "0")}`;
  }

  /** The ledger of a ballot; by itself the one of this round's duel. */
  book(ballot = this.ballotId) {
    if (!this.books.has(ballot)) this.books.set(ballot, new Ballot(ballot, SIDES));
    return this.books.get(ballot);
  }

  side(text, share) {
    const shown = Math.floor([...text].length * share);
    return {
      text: [...text].slice(0, shown).join(""),
      tokens: Math.round(shown * 0.7),
      finished: share >= 1,
      off_air: null,
      ai_generated: true,
    };
  }

  duel(share, state = share >= 1 ? "answered" : "live") {
    const { prompt, left, right } = this.script;
    return {
      id: IDS.duel,
      number: this.number,
      prompt,
      asked: prompt,
      kind: this.turn > 1 ? "debate" : "single",
      turn: this.turn,
      turns: this.turn > 1 ? 4 : 1,
      forfeit: null,
      state,
      left: this.side(left, share),
      right: this.side(right, share),
      earlier: Array.from({ length: this.turn - 1 }, (_, index) => ({
        turn: index + 1,
        prompt,
        left: this.side(index % 2 ? right : left, 1),
        right: this.side(index % 2 ? left : right, 1),
      })),
    };
  }

  set(changes) {
    this.timer && clearInterval(this.timer);
    this.stage = { ...this.stage, ...changes };
    this.changed();
  }

  ballot(seconds, state = "open") {
    const [now, counted] = [Date.now(), state !== "open"];
    return {
      id: this.ballotId,
      state,
      digest: "0".repeat(64),
      delays: { hall: 0 },
      opens_at: iso(now),
      closes_at: iso(now + seconds * 1000),
      locks_at: iso(now + (seconds + 60) * 1000),
      counted: this.counted(),
      root: counted ? this.book().root : null,
      teaches: "verdicts",
      judges: { submitted: counted ? 5 : 3, total: 5 },
    };
  }

  poll(about) {
    return {
      question_zh: "",
      question_en: "",
      state: "open",
      digest: "0".repeat(64),
      delays: { hall: 0 },
      opens_at: iso(Date.now()),
      closes_at: iso(Date.now() + 45_000),
      counted: 10_210,
      threshold: null,
      triggered: false,
      root: null,
      result: null,
      ...about,
    };
  }

  /** What is asked next; `counted` once it is published. */
  question(counted = null) {
    const options = [
      { id: "q1", zh: "给路灯写一首诗", en: "A poem for the street lamps", subject: null },
      { id: "q2", zh: "为什么猫总是先看窗外", en: "Why cats look out of the window first", subject: null },
      { id: "q3", zh: "", en: "Seventeen excuses for being late", subject: null },
    ];
    const published = counted && {
      state: "published",
      root: this.book(QUESTION).root,
      result: { counted, flagged: {}, levels: { 1: 96, 2: 11 }, seats: {} },
    };
    return this.poll({ id: QUESTION, kind: "question", options, ...published });
  }

  surprise() {
    const options = [{ id: "now", zh: "", en: "", subject: null }];
    return this.poll({ id: SURPRISE, kind: "surprise", options, threshold: 400, triggered: true, counted: 431 });
  }

  counted() {
    return this.extra + this.book().votes.size;
  }

  result(winner, tooClose) {
    const [left, right] = [
      { id: id(0), name: this.script.names[0], kind: "contestant" },
      { id: id(1), name: this.script.names[1], kind: "contestant" },
    ];
    const crowd = { left: 6724, right: 4851, tie: 512, both_bad: 320 };
    const judges =
      winner === "tie" ? { left: 2, right: 2, tie: 1, both_bad: 0 } : { left: 3, right: 2, tie: 0, both_bad: 0 };
    if (winner === "tie") Object.assign(crowd, { left: 5790, right: 5785 });
    if (winner === "right")
      Object.assign(crowd, { left: 4851, right: 6724 }) && Object.assign(judges, { left: 1, right: 4 });
    const levels = { 0: crowd.left + crowd.right + crowd.tie + crowd.both_bad - 612, 2: 612 };
    return {
      winner,
      left,
      right,
      crowd,
      judges,
      levels,
      seats: { made: 640, used: 612, taken_back: 3 },
      too_close: tooClose,
      votes_to_flip: winner === "tie" ? null : 937,
    };
  }

  /** Jump to a scene; `detail` changes it a little. */
  scene(name, detail = {}) {
    this.turn = detail.turn ?? 1;
    const nothing = { duel: null, ballot: null, result: null, polls: [] };
    if (name === "certified" || name === "revealed") this.extra ||= 12406;
    if (name === "idle") this.set({ ...nothing, phase: "idle" });
    if (name === "queued") this.set({ ...nothing, phase: "duel", duel: this.duel(0, "loading") });
    if (name === "failed") this.set({ ...nothing, phase: "duel", duel: this.duel(0.3, "failed") });
    if (name === "half") this.set({ ...nothing, phase: "duel", duel: this.duel(detail.share ?? 0.6) });
    if (name === "answered") this.set({ ...nothing, phase: "duel", duel: this.duel(1) });
    if (name === "coming") this.set({ ...nothing, phase: "duel", duel: this.duel(0) });
    if (name === "replaced" || name === "dumped") {
      const card = { text: "", tokens: 0, finished: true, off_air: name };
      const duel = this.duel(0.6);
      const cards = name === "dumped" ? { left: { ...duel.left, ...card } } : {};
      this.set({ ...nothing, phase: "duel", duel: { ...duel, ...cards, right: { ...duel.right, ...card } } });
    }
    if (name === "question") this.set({ ...nothing, phase: "idle", polls: [this.question()] });
    if (name === "question-result")
      this.set({ ...nothing, phase: "idle", polls: [this.question({ q1: 5210, q2: 4023, q3: 977 })] });
    if (name === "surprise") this.set({ ...nothing, phase: "duel", duel: this.duel(0.6), polls: [this.surprise()] });
    if (name === "stream") this.stream(detail.seconds ?? 8);
    if (name === "vote") {
      this.extra = detail.counted ?? 12406;
      this.set({ phase: "vote", duel: this.duel(1), ballot: this.ballot(detail.seconds ?? 30), result: null });
      this.timer = setInterval(() => this.drift(), 500);
    }
    if (name === "certified")
      this.set({ phase: "locked", duel: this.duel(1), ballot: this.ballot(0, "certified"), result: null });
    if (name === "revealed") {
      this.board = this.makeBoard(true);
      this.set({
        phase: "revealed",
        duel: this.duel(1),
        ballot: this.ballot(0, "published"),
        result: {
          ...this.result(detail.winner ?? "left", detail.too_close ?? false),
          // The scripted counts, unless a test wants those of the votes really cast.
          ...(detail.real && { crowd: this.book().counted }),
        },
      });
    }
    if (name === "nobody") {
      this.set({
        phase: "revealed",
        duel: this.duel(1),
        ballot: { ...this.ballot(0, "published"), counted: 0 },
        result: { ...this.result("tie", true), crowd: empty(), judges: empty() },
      });
    }
    if (name === "finished") {
      this.set({ ...nothing, phase: "finished", episode: { ...this.stage.episode, state: "finished" } });
    }
  }

  /** Which turn of a debate of four; 1: a plain duel. */
  turn = 1;

  stream(seconds) {
    const started = Date.now();
    this.number += 1;
    this.set({ phase: "duel", duel: this.duel(0), ballot: null, result: null });
    this.timer = setInterval(() => {
      const share = Math.min(1, (Date.now() - started) / 1000 / seconds);
      this.stage = { ...this.stage, duel: this.duel(share) };
      this.changed();
      if (share >= 1) clearInterval(this.timer);
    }, 100);
  }

  drift() {
    this.extra += Math.floor(Math.random() * 40);
    this.stage = { ...this.stage, ballot: { ...this.stage.ballot, counted: this.counted() } };
    this.changed();
    if (Date.parse(this.stage.ballot.closes_at) <= Date.now()) this.scene("certified");
  }

  /** Whether a ballot takes votes now, by what the stage says of it. */
  takes(ballot) {
    const shown = [this.stage.ballot, ...this.stage.polls].find((one) => one?.id === ballot);
    return shown?.state === "open" && Date.parse(shown.closes_at) > Date.now();
  }

  /** That a vote is in the counted ledger, or an error code. */
  proof(ballot, seq) {
    if (this.stage.ballot?.id !== ballot || !this.stage.ballot.root) {
      return { code: "ballot.not_certified", status: 403 };
    }
    const known = seq < this.book(ballot).leaves.length;
    return known
      ? this.book(ballot).proof(seq, this.stage.ballot.state === "published")
      : { code: "vote.not_found", status: 404 };
  }

  /** Play one round after another, for a person to watch. */
  async play() {
    const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
    for (;;) {
      this.scene("idle");
      await wait(5);
      this.scene("queued");
      await wait(3);
      this.scene("stream", { seconds: 12 });
      await wait(14);
      this.scene("vote", { seconds: 25 });
      await wait(28);
      this.scene("revealed", { too_close: true });
      await wait(12);
    }
  }
}
