import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { sha256, solve } from "./work";

const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, "0")).join("");

it("hashes as everybody does", () => {
  for (const text of ["", "abc", "5f2b0c1d9e8a7766554433221100ffee:123456789", "x".repeat(55)])
    expect(hex(sha256(text))).toBe(createHash("sha256").update(text).digest("hex"));
});

it("finds an answer that the portal takes", async () => {
  const answer = await solve("5f2b0c1d9e8a7766554433221100ffee", 10);
  const hash = createHash("sha256").update(`5f2b0c1d9e8a7766554433221100ffee:${answer}`).digest();
  expect(hash.readUInt32BE(0) >>> 22).toBe(0);
});
