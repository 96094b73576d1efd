/**
 * A large upload over a bad line, in a real browser on a running site: the line is cut twice and the tab closed once,
 * and what the portal has in the end is the file that was chosen: it compares the SHA-256 before the checks begin.
 *
 *   GAVEL_URL (through the bad line), GAVEL_ADAPTER (folder with the two files), GAVEL_SHOTS (folder for pictures)
 */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { launch, newEntry } from "./browser.mjs";

const { GAVEL_URL: url, GAVEL_ADAPTER: adapter, GAVEL_SHOTS: shots } = process.env;
const FILES = ["adapter_config.json", "adapter_model.safetensors"].map((name) => join(adapter, name));
const WAIT = 60_000;

let browser;
before(async () => {
  mkdirSync(shots, { recursive: true });
  browser = await launch();
});
after(() => browser?.close());

const heading = (page, name) => page.getByRole("heading", { name }).waitFor({ timeout: WAIT });
const status = (page, text) => page.getByRole("status").getByText(text).waitFor({ timeout: WAIT });
const picture = (page, name) => page.screenshot({ path: join(shots, `${name}.png`) });

/** Keeps what the page said of the upload, however short. Runs in the page. */
function remember() {
  globalThis.said = [];
  new MutationObserver(() => {
    const text = document.querySelector("[data-step] [role=status]")?.textContent;
    if (text && globalThis.said.at(-1) !== text) globalThis.said.push(text);
  }).observe(document, { subtree: true, childList: true, characterData: true });
}

async function untilPercent(page, percent) {
  await page.waitForFunction(
    (wanted) => Number.parseInt(document.querySelector("[data-step] b")?.textContent ?? "0", 10) >= wanted,
    percent,
    { timeout: WAIT },
  );
}

test("300 MB arrive whole over a line that is cut twice, and from a tab that is closed", {
  timeout: 110_000,
}, async () => {
  const context = await browser.newContext({ locale: "en-US", viewport: { width: 1280, height: 900 } });
  const complaints = [];
  await context.addInitScript(remember);
  context.on("weberror", (event) => complaints.push(String(event.error())));
  const first = await context.newPage();
  await newEntry(first, url, "Far Away", "Large Entry");
  const address = first.url();

  await first.locator("input[type=file]").setInputFiles(FILES);
  await first.getByRole("button", { name: "Upload as v1" }).click();
  await status(first, "Uploading v1");
  await first.waitForFunction(() => globalThis.said.includes("Waiting for the line"), null, { timeout: WAIT });
  await status(first, "Uploading v1");

  await first.getByRole("button", { name: "Pause" }).click();
  await status(first, "Paused");
  await first.getByRole("button", { name: "Go on" }).click();
  await status(first, "Uploading v1");

  // Behind the second cut. A browser counts what it has handed to the system: tens of megabytes ahead of the portal.
  await untilPercent(first, 70);
  await first.close();

  const second = await context.newPage();
  await second.goto(address);
  // How far the portal lags behind the browser depends on how busy the machine is.
  await heading(second, /v1 is [1-9]\d?% there/);
  await picture(second, "upload-unfinished");
  await second
    .locator("input[type=file]")
    .setInputFiles([FILES[0], FILES[0].replace("config.json", "other.safetensors")]);
  await second.getByText("These are other files").waitFor();
  await second.locator("input[type=file]").setInputFiles(FILES);
  await second.getByRole("button", { name: "Go on with v1" }).click();
  await status(second, "Uploading v1");

  // Random bytes are no adapter; that this is said means that all of them are there.
  await heading(second, "Not admitted");
  await second.getByText("safetensors header").first().waitFor();
  await picture(second, "upload-refused");
  assert.deepEqual(complaints, []);
});
