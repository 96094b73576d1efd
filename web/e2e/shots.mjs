/**
 * Pictures of every state of the audience's pages, and of training on the desks, from the mock portal and the built apps:
 *   node e2e/shots.mjs [--out DIR] [--only part-of-name]
 * With AXE=path/to/axe.min.js it also prints what axe finds on each page.
 */
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.mjs";
import { CODE, IDS } from "./mock-show.mjs";

const argument = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const OUT = argument("out", "test-results/shots");
const ONLY = argument("only", "");
const PORT = 8790;
const BASE = `http://127.0.0.1:${PORT}`;
const PHONE = { width: 390, height: 844 };
const SMALL = { width: 320, height: 568 };
const WIDE = { width: 1280, height: 900 };
const DESK = { width: 1440, height: 900 };
const TV = { width: 1920, height: 1080 };
const phone = `/s/${CODE}`;
const stage = `/stage/${IDS.episode}`;

const post = (path, body) => fetch(BASE + path, { method: "POST", body: JSON.stringify(body) });
const tap = (name) => (page) => page.getByRole("button", { name }).click();
/** The trace: so many tokens to the right. */
const chosen = (count) => async (page) => {
  const curve = page.getByRole("slider").first();
  await curve.focus();
  for (let pressed = 0; pressed < count; pressed++) await curve.press("ArrowRight");
};
const looked = (name) => async (page) => {
  await tap(name)(page);
  await page.getByRole("slider").nth(1).waitFor();
  await chosen(8)(page);
};
/** Of training: open the form, open the advanced settings, pick two runs, open the commands. */
const press = (what) => async (page) => {
  if (what === "order" || what === "advanced") {
    await page.getByRole("button", { name: /用它训练|Train with this data set/ }).click();
    await page.getByRole("group").last().waitFor();
  }
  if (what === "advanced") {
    await page.getByText(/高级设置|Advanced settings/).click();
    await page.getByLabel(/^(学习率|Learning rate)$/).fill("12");
  }
  if (what === "compare") for (const index of [0, 2]) await page.getByRole("checkbox").nth(index).check();
  if (what === "devices") await page.getByText(/怎样分布|How it lies/).click();
  if (what === "commands") await page.getByText(/同样的训练|The same run on/).click();
};
const WORDS = {
  zh: {
    left: "左方更好",
    counted: "✓ 已计入",
    locked: "票已锁定",
    check: /核对我的票/,
    good: "你的票在计票账本里",
  },
  en: {
    left: "Left is better",
    counted: "✓ Counted",
    locked: "The votes are locked",
    check: /Check my vote/,
    good: "Your vote is in the counted ledger",
  },
};
/** Votes, sees the fingerprint, sees the result. */
const voted = (language) => async (page) => {
  const say = WORDS[language];
  await tap(say.left)(page);
  await page.getByText(say.counted).first().waitFor();
  await post("/mock/scene", { name: "certified" });
  await page.getByRole("heading", { name: say.locked }).waitFor();
  await post("/mock/scene", { name: "revealed", detail: { real: true } });
  await page.getByRole("link", { name: say.check }).waitFor();
};
const checked = (language) => async (page) => {
  await voted(language)(page);
  await page.getByRole("link", { name: WORDS[language].check }).click();
  await page.getByRole("heading", { name: WORDS[language].good }).waitFor();
};
const ZH = { language: "zh" };
const EN = { language: "en" };

/** name, address, size, scene, language, what to do before the picture */
const SHOTS = [
  ["poll-zh", phone, PHONE, { ...ZH, name: "question" }, "zh", tap("给路灯写一首诗")],
  ["poll-small-en", phone, SMALL, { ...EN, name: "question" }, "en"],
  ["poll-result-en", phone, PHONE, { ...EN, name: "question-result" }, "en"],
  ["poll-surprise-zh", phone, PHONE, { ...ZH, name: "surprise" }, "zh"],
  ["poll-stage-zh", stage, TV, { ...ZH, name: "question" }, "zh"],
  ["poll-stage-result-en", stage, TV, { ...EN, name: "question-result" }, "en"],
  ["poll-stage-surprise-en", stage, TV, { ...EN, name: "surprise" }, "en"],
  ["join-zh", "/", PHONE, { ...ZH, name: "idle" }, "zh", (page) => page.keyboard.type("K7M")],
  ["join-wrong-en", "/", SMALL, { ...EN, name: "idle" }, "en", (page) => page.keyboard.type("AAAAAA")],
  ["phone-idle-zh", phone, PHONE, { ...ZH, name: "idle" }, "zh"],
  ["phone-idle-empty-en", phone, SMALL, { ...EN, name: "idle", board: "empty" }, "en"],
  ["phone-queued-en", phone, PHONE, { ...EN, name: "queued" }, "en"],
  ["phone-duel-zh", phone, PHONE, { ...ZH, name: "half" }, "zh"],
  ["phone-duel-en", phone, PHONE, { ...EN, name: "half" }, "en"],
  ["phone-debate-zh", phone, PHONE, { ...ZH, name: "half", detail: { turn: 3 } }, "zh"],
  ["phone-debate-vote-small-en", phone, SMALL, { ...EN, name: "vote", detail: { turn: 4 } }, "en"],
  ["phone-coming-zh", phone, PHONE, { ...ZH, name: "coming" }, "zh"],
  ["phone-replaced-en", phone, PHONE, { ...EN, name: "replaced" }, "en"],
  ["phone-dumped-zh", phone, PHONE, { ...ZH, name: "dumped" }, "zh"],
  ["phone-failed-zh", phone, PHONE, { ...ZH, name: "failed" }, "zh"],
  ["phone-vote-zh", phone, PHONE, { ...ZH, name: "vote" }, "zh"],
  ["phone-vote-small-en", phone, SMALL, { ...EN, name: "vote" }, "en"],
  ["phone-vote-long-small-zh", phone, SMALL, { language: "long", name: "vote" }, "zh"],
  ["phone-level-zh", phone, PHONE, { ...ZH, name: "vote", fault: { level: 2 } }, "zh", tap("左方更好")],
  ["phone-level-small-en", phone, SMALL, { ...EN, name: "vote", fault: { level: 2 } }, "en", tap("Left is better")],
  ["phone-level-signed-in-en", phone, PHONE, { ...EN, name: "vote", fault: { level: 3 } }, "en", tap("Left is better")],
  ["phone-counted-zh", phone, PHONE, { ...ZH, name: "vote" }, "zh", tap("左方更好")],
  [
    "phone-again-en",
    phone,
    PHONE,
    { ...EN, name: "vote" },
    "en",
    async (page) => {
      await tap("Right is better")(page);
      await page.getByText("Counted").waitFor();
      await tap("Left is better")(page);
    },
  ],
  [
    "phone-sending-en",
    phone,
    PHONE,
    { ...EN, name: "vote", fault: { votes: 503 } },
    "en",
    async (page) => {
      await tap("Left is better")(page);
      await page.waitForTimeout(1500);
    },
  ],
  [
    "phone-late-zh",
    phone,
    PHONE,
    { ...ZH, name: "vote", detail: { seconds: 3 }, fault: { votes: 503 } },
    "zh",
    async (page) => {
      await tap("左方更好")(page);
      await page.waitForTimeout(6000);
    },
  ],
  [
    "phone-offline-zh",
    phone,
    PHONE,
    { ...ZH, name: "half" },
    "zh",
    async (page) => {
      await post("/mock/fault", { offline: true });
      await page.waitForTimeout(9000);
    },
  ],
  ["phone-certified-zh", phone, PHONE, { ...ZH, name: "certified" }, "zh"],
  ["phone-revealed-zh", phone, PHONE, { ...ZH, name: "revealed", detail: { too_close: true } }, "zh"],
  ["phone-revealed-mine-en", phone, PHONE, { ...EN, name: "vote" }, "en", voted("en")],
  ["check-zh", phone, PHONE, { ...ZH, name: "vote" }, "zh", checked("zh")],
  ["check-en", phone, PHONE, { ...EN, name: "vote" }, "en", checked("en")],
  ["check-wide-zh", phone, WIDE, { ...ZH, name: "vote" }, "zh", checked("zh")],
  ["check-none-en", "/check/0199b7a0-0000-7000-8000-000000020009", SMALL, { ...EN, name: "idle" }, "en"],
  ["phone-tie-small-en", phone, SMALL, { ...EN, name: "revealed", detail: { winner: "tie", too_close: true } }, "en"],
  ["phone-nobody-zh", phone, PHONE, { ...ZH, name: "nobody" }, "zh"],
  ["phone-finished-en", phone, PHONE, { ...EN, name: "finished" }, "en"],
  ["phone-missing-zh", "/s/ZZZZZZ", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["lost-en", "/nowhere/at/all", PHONE, { ...EN, name: "idle" }, "en"],
  ["board-zh", "/board", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["board-wide-en", "/board", { width: 1280, height: 900 }, { ...EN, name: "idle" }, "en"],
  ["board-episode-zh", `/board/episode/${IDS.episode}`, PHONE, { ...ZH, name: "idle" }, "zh"],
  ["board-episode-wide-en", `/board/episode/${IDS.episode}`, WIDE, { ...EN, name: "idle" }, "en"],
  ["flags-zh", "/how/flags", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["flags-wide-en", "/how/flags", WIDE, { ...EN, name: "idle" }, "en"],
  ["board-unrated-zh", "/board", PHONE, { ...ZH, name: "idle", board: "unrated" }, "zh"],
  ["board-closed-zh", "/board", PHONE, { ...ZH, name: "idle", board: "closed" }, "zh"],
  ["board-revealing-stage-zh", stage, TV, { ...ZH, name: "idle", board: "revealing" }, "zh"],
  ["board-entry-zh", `/entry/${IDS.season}`, PHONE, { ...ZH, name: "idle" }, "zh"],
  ["board-empty-en", "/board", SMALL, { ...EN, name: "idle", board: "empty" }, "en"],
  ["trace-zh", "/duel/looked", PHONE, { ...ZH, name: "revealed" }, "zh", chosen(4)],
  ["trace-en", "/duel/looked", PHONE, { ...EN, name: "revealed" }, "en", chosen(4)],
  [
    "trace-wide-en",
    "/duel/looked",
    WIDE,
    { ...EN, name: "revealed" },
    "en",
    looked("Show the attention of this answer"),
  ],
  ["trace-wide-zh", "/duel/looked", WIDE, { ...ZH, name: "revealed" }, "zh", looked("显示这份回答的注意力")],
  ["trace-attention-zh", "/duel/looked", PHONE, { ...ZH, name: "revealed" }, "zh", looked("显示这份回答的注意力")],
  ["trace-waiting-zh", "/duel/waiting", WIDE, { ...ZH, name: "revealed" }, "zh"],
  ["trace-card-en", "/duel/card", PHONE, { ...EN, name: "revealed" }, "en"],
  ["trace-old-zh", "/duel/old", PHONE, { ...ZH, name: "revealed" }, "zh"],
  ["trace-sealed-en", "/duel/sealed", PHONE, { ...EN, name: "half" }, "en"],
  ["trace-missing-zh", "/duel/missing", SMALL, { ...ZH, name: "half" }, "zh"],
  ["stage-idle-zh", stage, TV, { ...ZH, name: "idle" }, "zh"],
  ["stage-idle-empty-en", stage, TV, { ...EN, name: "idle", board: "empty" }, "en"],
  ["stage-queued-zh", stage, TV, { ...ZH, name: "queued" }, "zh"],
  ["stage-duel-zh", stage, TV, { ...ZH, name: "half" }, "zh"],
  ["stage-duel-en", stage, TV, { ...EN, name: "half" }, "en"],
  ["stage-debate-zh", stage, TV, { ...ZH, name: "half", detail: { turn: 3 } }, "zh"],
  ["stage-debate-en", stage, TV, { ...EN, name: "vote", detail: { turn: 4 } }, "en"],
  ["stage-debate-long-zh", stage, TV, { language: "long", name: "half", detail: { turn: 4 } }, "zh"],
  [
    "stage-debate-revealed-en",
    stage,
    TV,
    { ...EN, name: "revealed", detail: { turn: 4 } },
    "en",
    (page) => page.waitForTimeout(2500),
  ],
  ["stage-coming-en", stage, TV, { ...EN, name: "coming" }, "en"],
  ["stage-replaced-zh", stage, TV, { ...ZH, name: "replaced" }, "zh"],
  ["stage-dumped-en", stage, TV, { ...EN, name: "dumped" }, "en"],
  ["stage-vote-zh", stage, TV, { ...ZH, name: "vote" }, "zh"],
  ["stage-vote-long-en", stage, TV, { language: "long", name: "vote" }, "en"],
  ["stage-vote-transparent-zh", `${stage}?transparent=1`, TV, { ...ZH, name: "vote" }, "zh"],
  ["stage-certified-zh", stage, TV, { ...ZH, name: "certified" }, "zh"],
  [
    "stage-revealed-zh",
    stage,
    TV,
    { ...ZH, name: "revealed", detail: { too_close: true } },
    "zh",
    (page) => page.waitForTimeout(2500),
  ],
  [
    "stage-revealed-right-en",
    stage,
    TV,
    { ...EN, name: "revealed", detail: { winner: "right" } },
    "en",
    (page) => page.waitForTimeout(2500),
  ],
  [
    "stage-tie-en",
    stage,
    TV,
    { ...EN, name: "revealed", detail: { winner: "tie", too_close: true } },
    "en",
    (page) => page.waitForTimeout(2500),
  ],
  ["phone-records-zh", phone, PHONE, { ...ZH, name: "revealed" }, "zh", (page) => page.keyboard.press("End")],
  ["phone-records-small-en", phone, SMALL, { ...EN, name: "revealed" }, "en", (page) => page.keyboard.press("End")],
  ["speed-duel-en", "/speed/duel", PHONE, { ...EN, name: "idle" }, "en"],
  ["speed-duel-wide-zh", "/speed/duel", WIDE, { ...ZH, name: "idle" }, "zh"],
  ["speed-quiz-wide-en", "/speed/quiz", WIDE, { ...EN, name: "idle" }, "en"],
  ["speed-quiz-zh", "/speed/quiz", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["speed-void-zh", "/speed/void", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["speed-running-en", "/speed/running", SMALL, { ...EN, name: "idle" }, "en"],
  ["speed-missing-en", "/speed/nothing", PHONE, { ...EN, name: "idle" }, "en"],
  ["how-zh", "/how", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["how-wide-en", "/how", WIDE, { ...EN, name: "idle" }, "en"],
  ["suites-zh", "/suites", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["suites-wide-en", "/suites", WIDE, { ...EN, name: "idle" }, "en"],
  ["suite-zh", "/suites/reasoning", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["suite-small-en", "/suites/reasoning", SMALL, { ...EN, name: "idle" }, "en"],
  ["suite-wide-en", "/suites/reasoning", WIDE, { ...EN, name: "idle" }, "en"],
  ["suite-wide-zh", "/suites/reasoning", WIDE, { ...ZH, name: "idle" }, "zh"],
  ["suite-sealed-zh", "/suites/sealed", PHONE, { ...ZH, name: "idle" }, "zh"],
  ["suite-missing-en", "/suites/nothing", PHONE, { ...EN, name: "idle" }, "en"],
  ["stage-finished-zh", stage, TV, { ...ZH, name: "finished" }, "zh"],
  ["stage-failed-en", stage, TV, { ...EN, name: "failed" }, "en"],
  ["race-lineup-zh", "/stage/race/lineup", TV, { ...ZH, name: "idle" }, "zh"],
  ["race-soon-en", "/stage/race/soon", TV, { ...EN, name: "idle" }, "en"],
  ["race-racing-zh", "/stage/race/racing", TV, { ...ZH, name: "idle" }, "zh"],
  ["race-racing-transparent-en", "/stage/race/racing?transparent=1", TV, { ...EN, name: "idle" }, "en"],
  ["race-over-en", "/stage/race/over", TV, { ...EN, name: "idle" }, "en"],
  ["race-crowd-zh", "/stage/race/crowd", TV, { ...ZH, name: "idle" }, "zh"],
  ["race-missing-en", "/stage/race/nothing", TV, { ...EN, name: "idle" }, "en"],
  ...[
    ["phone", PHONE],
    ["desk", DESK],
  ].flatMap(([size, viewport]) =>
    [
      ["zh", ZH],
      ["en", EN],
    ].flatMap(([language, scene]) =>
      [
        ["data", "/contestant/submissions/data"],
        ["order", "/contestant/submissions/data", press("order")],
        ["advanced", "/contestant/submissions/data", press("advanced")],
        ["runs", "/contestant/entries/lumen", press("compare")],
        ["running", "/contestant/training/running"],
        ["queued", "/contestant/training/queued"],
        ["refused", "/contestant/training/refused"],
        ["dpo", "/contestant/training/dpo", press("commands")],
        ["devices", "/contestant/training/higher", press("devices")],
        ["compare", "/contestant/training/compare/done,higher,dpo"],
        ["producer", "/producer/training"],
      ].map(([name, path, act]) => [
        `training-${name}-${size}-${language}`,
        path,
        viewport,
        { ...scene, name: "idle" },
        language,
        act,
      ]),
    ),
  ),
  ["stage-small-en", stage, { width: 1024, height: 768 }, { ...EN, name: "vote" }, "en"],
];

mkdirSync(OUT, { recursive: true });
const portal = spawn("node", [fileURLToPath(new URL("mock-portal.mjs", import.meta.url)), "--port", String(PORT)]);
await new Promise((ready) => portal.stdout.once("data", ready));
const browser = await launch();
try {
  for (const [name, path, viewport, scene, language, act] of SHOTS) {
    if (!name.includes(ONLY)) continue;
    const context = await browser.newContext({
      viewport,
      locale: language === "zh" ? "zh-CN" : "en-GB",
      deviceScaleFactor: viewport === TV ? 1 : 2,
    });
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && console.log(`${name}: ${message.text()}`));
    page.on("pageerror", (error) => console.log(`${name}: ${error}`));
    await post("/mock/fault", scene.fault ?? {});
    await post("/mock/scene", scene);
    await page.goto(BASE + path);
    await page.waitForTimeout(700);
    await act?.(page);
    await page.waitForTimeout(600);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (overflow > 0) console.log(`${name}: ${overflow} px wider than the screen`);
    if (process.env.AXE) {
      await page.addScriptTag({ path: process.env.AXE });
      const { violations } = await page.evaluate(() => globalThis.axe.run());
      for (const problem of violations)
        console.log(
          `${name}: ${problem.id}: ${problem.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join(" | ")}`,
        );
    }
    // These are read like a page of a paper; the others have to fit.
    const fullPage =
      name.startsWith("check") ||
      ["/speed", "/how", "/duel", "/suites", "/contestant", "/producer"].some((start) => path.startsWith(start));
    await page.screenshot({ path: `${OUT}/${name}.png`, omitBackground: name.includes("transparent"), fullPage });
    await context.close();
  }
} finally {
  await browser.close();
  portal.kill();
}
