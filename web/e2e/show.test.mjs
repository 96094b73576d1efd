/**
 * A show in a real browser, on a running site: a contestant signs up and uploads, a viewer joins by code, watches both
 * answers stream, votes, and sees the reveal. The producer's part is done over HTTP by the test that starts this one.
 *
 *   GAVEL_URL, GAVEL_ADAPTER (folder with the two files), GAVEL_OPERATOR_TOKEN, GAVEL_SHOTS (folder for pictures)
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, newEntry, Person, until } from "./browser.mjs";

const { GAVEL_URL: url, GAVEL_ADAPTER: adapter, GAVEL_OPERATOR_TOKEN: operatorToken, GAVEL_SHOTS: shots } = process.env;
const WAIT = 180_000;

let browser;
before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
});
after(() => browser?.close());

/** A fresh visitor; everything the page complains about is collected. */
async function visitor(options = {}) {
  const context = await browser.newContext({ locale: "en-US", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints };
}

test("a contestant signs up, uploads an adapter and watches the verdict come in", async () => {
  const { page, complaints } = await visitor({ viewport: { width: 1280, height: 900 } });
  await newEntry(page, url, "Browser Team", "Browser Entry");
  await page
    .locator("input[type=file]")
    .first()
    .setInputFiles([join(adapter, "adapter_config.json"), join(adapter, "adapter_model.safetensors")]);
  await page.getByRole("button", { name: /Upload as v1/ }).click();
  await page.getByRole("heading", { name: "Ready for the stage" }).waitFor({ timeout: WAIT });
  await page.screenshot({ path: join(shots, "contestant-ready.png"), fullPage: true });
  assert.deepEqual(complaints, []);
});

test("a viewer joins by code, watches both answers, votes once and sees the reveal", async () => {
  const producer = await new Person(url, operatorToken).register("producer", "producer");
  const { id: episode, code } = await producer.call("POST", "/episodes", { title: "In the browser" });
  const roster = (await producer.call("GET", "/roster")).filter((row) => row.ready);
  assert.ok(roster.length >= 2, "fewer than two entries are ready");
  let version = 0;
  const command = async (body) => {
    const sent = { expected_version: version, key: crypto.randomUUID(), command: body };
    ({ version } = await producer.call("POST", `/episodes/${episode}/commands`, sent));
  };

  const phone = await visitor({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  const stage = await visitor({ viewport: { width: 1920, height: 1080 } });
  await phone.page.goto(url);
  await phone.page.getByLabel("Six-character code").fill(code);
  await phone.page.waitForURL(`**/s/${code}`);
  await stage.page.goto(`${url}/stage/${episode}`);

  const [first, second] = roster;
  await command({
    type: "start_duel",
    prompt: "Why do stars twinkle?",
    entry_a: first.entry_id,
    entry_b: second.entry_id,
  });
  await phone.page.getByText("Why do stars twinkle?").first().waitFor({ timeout: WAIT });
  const answered = async () =>
    (await producer.call("GET", `/live/stage:${episode}`)).state.duel.state === "answered" || undefined;
  await until(answered, "both answers");
  const state = (await producer.call("GET", `/live/stage:${episode}`)).state;
  const opening = state.duel.left.text.trim().split(/\s+/).slice(0, 3).join(" ");
  await phone.page.getByText(opening).first().waitFor();
  await stage.page.getByText(opening).first().waitFor();
  assert.equal(await phone.page.getByText(first.name, { exact: true }).count(), 0, "a name is shown before the reveal");
  await stage.page.screenshot({ path: join(shots, "stage-answers.png") });

  await command({ type: "open_vote", seconds: 120 });
  const dock = phone.page.getByRole("region", { name: "Which is better?" });
  await dock.getByRole("button").first().click();
  await phone.page.getByText("Counted", { exact: false }).first().waitFor();
  await phone.page.screenshot({ path: join(shots, "phone-counted.png") });
  await phone.page.reload();
  await phone.page
    .getByText(/receipt #\d+/)
    .first()
    .waitFor();

  // Its seconds were promised: to close early takes a second person.
  const live = async () => (await producer.call("GET", `/live/stage:${episode}`)).state;
  const moderator = await new Person(url, operatorToken).register("moderator", "moderator");
  await moderator.call("POST", `/ballots/${(await live()).ballot.id}/shorten`);
  ({ version } = await live());
  await command({ type: "lock_vote" });
  await phone.page.getByText("The votes are locked").first().waitFor();
  await command({ type: "reveal" });
  await phone.page.getByText("Winner").first().waitFor();
  await stage.page.getByText(first.name).first().waitFor();
  await phone.page.screenshot({ path: join(shots, "phone-reveal.png"), fullPage: true });
  await stage.page.screenshot({ path: join(shots, "stage-reveal.png") });
  assert.deepEqual([...phone.complaints, ...stage.complaints], []);
});
