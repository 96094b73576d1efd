// @vitest-environment node
import type { Proof } from "@gavel/api";
import { describe, expect, it } from "vitest";
import type { Counted } from "../phone/vote";
import { check, leafOf, rootFrom } from "./proof";
import made from "./proof.sample.json";

// Made by arena/votes/ledger.py, arena/kit/merkle.py and arena/votes/signing.py: vote 3 of 5.
const vote = made.vote as Counted;
const proof = made.proof as unknown as Proof;
const ALL_GOOD = { leaf: "good", path: "good", root: "good", seal: "good" };
const other = (hex: string) => (hex.startsWith("0") ? "1" : "0") + hex.slice(1);

it("makes the leaf that the portal made", async () => {
  expect(await leafOf(vote, proof)).toBe(made.leaves[3]);
});

it("finds its vote under the root that was on air, and the site's signature", async () => {
  expect(await check(vote, proof, proof.root)).toEqual(ALL_GOOD);
});

it("says what it could not compare", async () => {
  expect(await check(vote, { ...proof, seal: null }, null)).toEqual({ ...ALL_GOOD, root: "unknown", seal: "unknown" });
});

describe("names the step that does not fit", () => {
  const { receipt } = vote;
  it.each<[string, Counted, Proof, string | null, object]>([
    ["another choice", { ...vote, choice: "left" }, proof, proof.root, { leaf: "bad", path: "bad" }],
    ["another count", { ...vote, n: 1 }, proof, proof.root, { leaf: "bad", path: "bad" }],
    [
      "another nonce",
      { ...vote, receipt: { ...receipt, nonce: other(receipt.nonce) } },
      proof,
      proof.root,
      { leaf: "bad", path: "bad" },
    ],
    [
      "another leaf on the receipt",
      { ...vote, receipt: { ...receipt, leaf: other(receipt.leaf) } },
      proof,
      proof.root,
      { leaf: "bad" },
    ],
    ["a way that leads elsewhere", vote, { ...proof, hashes: proof.hashes.map(other) }, proof.root, { path: "bad" }],
    ["a way that is too short", vote, { ...proof, hashes: proof.hashes.slice(1) }, proof.root, { path: "bad" }],
    ["another place", vote, { ...proof, index: 2 }, proof.root, { path: "bad" }],
    ["another root on air", vote, proof, other(proof.root), { root: "bad" }],
    [
      "a root that nobody signed",
      vote,
      { ...proof, root: other(proof.root) },
      other(proof.root),
      { path: "bad", seal: "bad" },
    ],
    [
      "a certificate that was changed",
      vote,
      { ...proof, seal: { ...proof.seal, certificate: { ...proof.seal?.certificate, duel: "d" } } } as unknown as Proof,
      proof.root,
      { seal: "bad" },
    ],
  ])("%s", async (_, mine, given, onAir, wrong) => {
    expect(await check(mine, given, onAir)).toEqual({ ...ALL_GOOD, ...wrong });
  });
});

// The reference vectors of RFC 6962 / 9162 implementations: inclusion proofs and their tree heads.
const LEAF_5 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";

it("refuses a place outside of the tree, and more hashes than there are levels", async () => {
  expect(await rootFrom(LEAF_5, 5, 5, [])).toBeNull();
  expect(await rootFrom(LEAF_5, -1, 5, [])).toBeNull();
  expect(await rootFrom(LEAF_5, 0, 1, [LEAF_5])).toBeNull();
  expect(await rootFrom(LEAF_5, 0, 1, [])).toBe(LEAF_5);
});
