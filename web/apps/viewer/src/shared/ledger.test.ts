// @vitest-environment node
import { createHash } from "node:crypto";
import type { Choice, Ledger } from "@gavel/api";
import { describe, expect, it } from "vitest";
import { type Entry, holds, type Known, leafOf, rootOf } from "./ledger";

// The reference vectors of RFC 6962 / 9162 implementations: eight entries and their tree heads.
const ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
const ROOTS = [
  "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
  "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
  "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
  "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
  "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
  "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
  "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
  "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const leaves = ENTRIES.map((entry) =>
  createHash("sha256")
    .update(Buffer.from(`00${entry}`, "hex"))
    .digest("hex"),
);

it.each(ROOTS.map((root, index) => [index + 1, root] as const))("the tree head of %i entries", async (size, root) => {
  expect(await rootOf(leaves.slice(0, size))).toBe(root);
});

it("has a tree head for nothing", async () => {
  expect(await rootOf([])).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
});

const BALLOT = "0199b7a0-0000-7000-8000-000000000004";

// Made by arena/votes/rules.py vote_leaf.
const VOTE = {
  number: 12,
  voter: "00112233445566778899aabbccddeeff",
  choice: "left",
  received_at: "2026-11-21T12:00:00.123456Z",
  nonce: "ffeeddccbbaa99887766554433221100",
} as const;
const VOTE_LEAF = "4e3686b5139b42d9ef19970d1b6e2562b3865e7757c190143b025e400ae16cac";

it("makes the same leaf as the portal", async () => {
  expect(await leafOf(BALLOT, { ...VOTE, leaf: "" })).toBe(VOTE_LEAF);
});

async function book(choices: Choice[]): Promise<Ledger> {
  const votes: Entry[] = [];
  for (const [index, choice] of choices.entries()) {
    const vote = { ...VOTE, number: index + 1, voter: `${index}`, nonce: `n${index}`, choice, leaf: "" };
    votes.push({ ...vote, leaf: await leafOf(BALLOT, vote) });
  }
  const root = await rootOf(votes.map((vote) => vote.leaf));
  const zero = { left: 0, right: 0, tie: 0, both_bad: 0 };
  return {
    ballot_id: BALLOT,
    duel_id: "",
    state: "locked",
    root,
    size: votes.length,
    crowd: zero,
    judges: zero,
    votes,
  };
}

describe("holds", async () => {
  const ledger = await book(["left", "right", "left", "tie", "left"]);
  const [mine, other] = [ledger.votes[2] as Entry, ledger.votes[1] as Entry];
  const known: Known = {
    receipt: { number: mine.number, leaf: mine.leaf, nonce: mine.nonce, at: mine.received_at },
    choice: "left",
    root: ledger.root,
    crowd: { left: 3, right: 1, tie: 1, both_bad: 0 },
  };

  it("finds the vote as it was cast", async () => {
    expect(await holds(ledger, known)).toBe(true);
  });

  it("sees another choice under my receipt", async () => {
    expect(await holds(ledger, { ...known, choice: "right" })).toBe(false);
  });

  it("sees a changed vote of somebody else, even with its old leaf", async () => {
    const votes = ledger.votes.map((vote) => (vote === other ? { ...vote, choice: "left" as const } : vote));
    const crowd = { ...known.crowd, left: 4, right: 0 };
    expect(await holds({ ...ledger, votes }, { ...known, crowd })).toBe(false);
  });

  it("sees a missing vote, another fingerprint, other counts", async () => {
    expect(await holds({ ...ledger, votes: ledger.votes.slice(0, 4) }, known)).toBe(false);
    expect(await holds(ledger, { ...known, root: ROOTS[0] as string })).toBe(false);
    expect(await holds({ ...ledger, root: ROOTS[0] as string }, known)).toBe(false);
    expect(await holds(ledger, { ...known, crowd: { ...known.crowd, tie: 2 } })).toBe(false);
    expect(await holds(ledger, { ...known, receipt: { ...known.receipt, nonce: "x" } })).toBe(false);
  });
});
