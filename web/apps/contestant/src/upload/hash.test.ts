import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { sha256Of } from "./hash";

const going = new AbortController().signal;

it("hashes a file in slices and says how far it is", async () => {
  const bytes = new Uint8Array(5 << 20).map((_, index) => index % 251);
  const told: number[] = [];
  const digest = await sha256Of(new Blob([bytes]), (done) => told.push(done), going);
  expect(digest).toBe(createHash("sha256").update(bytes).digest("hex"));
  expect(told).toEqual([2 << 20, 4 << 20, 5 << 20]);
});

it("stops when it is told to", async () => {
  const stop = new AbortController();
  const hashing = sha256Of(new Blob([new Uint8Array(5 << 20)]), () => stop.abort(), stop.signal);
  await expect(hashing).rejects.toMatchObject({ name: "AbortError" });
});
