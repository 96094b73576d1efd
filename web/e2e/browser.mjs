/** Debian's Chromium, headless and quiet. */
import { chromium } from "playwright-core";

export function launch() {
  return chromium.launch({
    executablePath: process.env.GAVEL_CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Sign up as a contestant and make an entry; ends on the entry's page. */
export async function newEntry(page, url, person, entry) {
  await page.goto(`${url}/contestant/`);
  await page
    .getByRole("link", { name: "Create account" })
    .or(page.getByRole("button", { name: "Create account" }))
    .first()
    .click();
  await page.getByLabel("Name", { exact: false }).first().fill(person);
  await page.getByLabel("E-mail").fill(`browser-${Date.now()}@example.org`);
  await page.locator("input[name=password]").fill("a long enough password");
  await page.locator("form button[type=submit]").click();
  await page.getByLabel("Name of the entry").fill(entry);
  await page.getByRole("button", { name: "Create entry" }).click();
  await page.waitForURL("**/entries/*");
}
