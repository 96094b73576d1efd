/**
 * From 300 rows to an adapter that duels, in a real browser on a running site: a contestant uploads a data set, starts a
 * run in three clicks, watches its curve, and finds the next version of the entry on stage. Whoever starts this kills the
 * trainer on the way.
 *
 *   GAVEL_URL, GAVEL_DATASET (the file), GAVEL_OPERATOR_TOKEN, GAVEL_STEPS (of the run), GAVEL_SHOTS (folder for pictures)
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, newEntry, Person, until } from "./browser.mjs";

const { GAVEL_URL: url, GAVEL_DATASET: dataset, GAVEL_OPERATOR_TOKEN: operatorToken, GAVEL_SHOTS: shots } = process.env;
const STEPS = Number(process.env.GAVEL_STEPS);
const WAIT = 240_000;
const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

let browser;
before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
});
after(() => browser?.close());

const complaints = [];
async function reader(locale, storageState) {
  const context = await browser.newContext({ locale, viewport: DESK, storageState });
  context.setDefaultTimeout(30_000);
  context.on("weberror", (event) => complaints.push(String(event.error())));
  return context;
}

/** The page as it is, on a desk and on a phone: nothing may stand beside the screen. */
async function pictures(page, name) {
  for (const [size, viewport] of Object.entries({ desk: DESK, phone: PHONE })) {
    await page.setViewportSize(viewport);
    await page.screenshot({ path: join(shots, `${name}-${size}.png`), fullPage: true });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.ok(over <= 0, `${name} is ${over} pixels too wide for a ${size}`);
  }
  await page.setViewportSize(DESK);
}

/** Counts how often somebody presses. Runs in the page. */
function count() {
  globalThis.presses = 0;
  addEventListener("pointerdown", () => globalThis.presses++, true);
}

test("300 rows become an adapter that duels", { timeout: 560_000 }, async () => {
  const desk = await reader("en-US");
  await desk.addInitScript(count);
  const page = await desk.newPage();
  await newEntry(page, url, "Data Alone", "Trained Here");
  await page.getByRole("radio", { name: "Data set" }).check();
  await page.locator("input[type=file]").setInputFiles(dataset);
  await page.getByLabel("Licence").selectOption("own");
  await page.getByRole("button", { name: "Upload as v1" }).click();
  const train = page.getByRole("button", { name: "Train with this data set" });
  await train.waitFor({ timeout: WAIT });
  const version = page.url();

  // Three clicks from the data set to the run.
  const presses = () => page.evaluate(() => globalThis.presses);
  const earlier = await presses();
  await train.click();
  await page.getByRole("radio", { name: "Quick" }).click();
  await page.getByText(`${STEPS} steps, about`).waitFor();
  await pictures(page, "order-en");
  await page.getByRole("button", { name: "Start training" }).click();
  await page.waitForURL("**/training/*");
  assert.equal((await presses()) - earlier, 3);
  const run = page.url().split("/").at(-1);

  // The curve moves while one looks at it.
  const loss = page.getByRole("figure").filter({ hasText: "Loss" }).first();
  await loss.waitFor({ timeout: WAIT });
  const drawn = () => loss.locator("path").evaluateAll((paths) => paths.map((path) => path.getAttribute("d")).join());
  const first = await drawn();
  await until(async () => (await drawn()) !== first || undefined, "a curve that moves");
  await pictures(page, "training-en");

  const abroad = await reader("zh-CN", await desk.storageState());
  const other = await abroad.newPage();
  await other.goto(page.url());
  await other.getByRole("figure").first().waitFor();
  await pictures(other, "training-zh");

  await page.getByRole("heading", { name: "Training is done" }).waitFor({ timeout: WAIT });
  const get = async (path) => (await page.request.get(`${url}/api${path}`)).json();
  const { attempt, result, entry_id: entry } = await get(`/training/runs/${run}`);
  assert.equal(attempt, 2, "the trainer was killed once");
  const { points } = await get(`/training/runs/${run}/points`);
  assert.deepEqual(
    points.map(({ step }) => step),
    Array.from({ length: STEPS }, (_, index) => index + 1),
  );
  await pictures(page, "trained-en");
  await other.getByRole("heading", { name: "训练完成" }).waitFor();
  await pictures(other, "trained-zh");

  await page.getByRole("link", { name: "New version v2" }).click();
  await page.getByRole("heading", { name: "Ready for the stage" }).waitFor({ timeout: WAIT });
  await pictures(page, "version-en");
  await other.goto(page.url());
  await other.getByRole("heading", { name: "可以上场" }).waitFor();
  await pictures(other, "version-zh");
  await other.goto(version);
  await other.getByRole("button", { name: "用它训练" }).click();
  await other.getByRole("button", { name: "开始训练" }).waitFor();
  await pictures(other, "order-zh");
  const { submissions } = (await get("/entries")).find(({ id }) => id === entry);
  assert.deepEqual(
    submissions.map(({ version: number, artifact, state }) => [number, artifact, state]),
    [
      [2, "adapter", "ready"],
      [1, "dataset", "verified"],
    ],
  );
  assert.equal(submissions[0].id, result.submission_id);

  const producer = await new Person(url, operatorToken).register("producer", "Producer");
  const { id: episode } = await producer.call("POST", "/episodes", { title: "Trained here" });
  const house = (await producer.call("GET", "/roster")).find(({ kind }) => kind === "house");
  await producer.call("POST", `/episodes/${episode}/commands`, {
    expected_version: 0,
    key: crypto.randomUUID(),
    command: { type: "start_duel", prompt: "Who keeps the light?", entry_a: entry, entry_b: house.entry_id },
  });
  const answered = async () =>
    (await producer.call("GET", `/live/stage:${episode}`)).state.duel?.state === "answered" || undefined;
  await until(answered, "both answers");
  assert.deepEqual(complaints, []);
});
