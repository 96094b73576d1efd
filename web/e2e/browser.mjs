/** Debian's Chromium, headless and quiet. */
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const PASSWORD = "a long enough password";

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
  await page.locator("input[name=password]").fill(PASSWORD);
  await page.locator("form button[type=submit]").click();
  await page.getByLabel("Name of the entry").fill(entry);
  await page.getByRole("button", { name: "Create entry" }).click();
  await page.waitForURL("**/entries/*");
}

/** A caller of the API that keeps its cookies, as the producer's browser would. */
export class Person {
  cookies = "";

  constructor(url, operatorToken) {
    this.url = url;
    this.operatorToken = operatorToken;
  }

  async call(method, path, body, token) {
    const headers = { "content-type": "application/json", origin: this.url };
    if (token) headers.authorization = `Bearer ${token}`;
    else if (this.cookies) headers.cookie = this.cookies;
    const answer = await fetch(`${this.url}/api${path}`, { method, headers, body: body && JSON.stringify(body) });
    const set = answer.headers.getSetCookie();
    if (set.length) this.cookies = set.map((cookie) => cookie.split(";")[0]).join("; ");
    const result = await answer.json();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(result)}`);
    return result;
  }

  async register(role, name) {
    const { token } = await this.call("POST", "/invitations", { role, hours: 1 }, this.operatorToken);
    const email = `${name}-${Date.now()}@example.org`;
    await this.call("POST", "/auth/register", { email, password: PASSWORD, display_name: name, invitation: token });
    return this;
  }
}

/** Asks again and again, for three minutes at most. */
export async function until(probe, what) {
  const deadline = Date.now() + 180_000;
  while (Date.now() < deadline) {
    if ((await probe()) !== undefined) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  assert.fail(`not seen in time: ${what}`);
}
