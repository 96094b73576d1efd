import type { Choice, Ledger, Receipt, Tally } from "@gavel/api";

/**
 * The audience's own recount of a ballot. Every leaf is made anew from what the ledger says of the vote, and from the
 * leaves the tree head of RFC 9162 (SHA-256; 0x00 before an entry, 0x01 before an inner node): no choice can be changed
 * without changing the fingerprint that was on air before the reveal. The server's half is arena/votes/rules.py.
 */

export type Entry = Ledger["votes"][number];

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function sha256(...parts: Uint8Array[]): Promise<Uint8Array> {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

const LEAF = new Uint8Array([0]);
const NODE = new Uint8Array([1]);

/** The leaf hash (hex) of a vote. Canonical JSON: these six plain values need only sorted keys and no spaces. */
export async function leafOf(ballot: string, { choice, nonce, number, received_at, voter }: Entry): Promise<string> {
  const at = received_at.replace(/Z$/, "+00:00");
  const text = JSON.stringify({ ballot, choice, nonce, number, received_at: at, voter });
  return hexOf(await sha256(LEAF, new TextEncoder().encode(text)));
}

/** The root over leaf hashes (hex), oldest first. */
export async function rootOf(leaves: string[]): Promise<string> {
  let level = leaves.map(bytesOf);
  if (level.length === 0) level = [await sha256()];
  while (level.length > 1) {
    const pairs: Promise<Uint8Array>[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index] as Uint8Array, level[index + 1]];
      // An odd one out goes up as it is.
      pairs.push(right === undefined ? Promise.resolve(left) : sha256(NODE, left, right));
    }
    level = await Promise.all(pairs);
  }
  return hexOf(level[0] as Uint8Array);
}

function count(votes: Entry[]): Tally {
  const tally: Tally = { left: 0, right: 0, tie: 0, both_bad: 0 };
  for (const vote of votes) tally[vote.choice] += 1;
  return tally;
}

function same(a: Tally, b: Tally): boolean {
  return a.left === b.left && a.right === b.right && a.tie === b.tie && a.both_bad === b.both_bad;
}

/** Browsers offer SHA-256 only to pages from https (or this machine itself). */
export const canCheck = (): boolean => globalThis.crypto?.subtle !== undefined;

/** What the ledger is held against: the receipt and the choice of this device, and what was on air. */
export interface Known {
  receipt: Receipt;
  choice: Choice;
  root: string;
  crowd: Tally;
}

/** Whether the ledger holds this vote as it was cast, gives the counts that were shown, and is the one that was sealed. */
export async function holds(ledger: Ledger, { receipt, choice, root, crowd }: Known): Promise<boolean> {
  const mine = ledger.votes.find((vote) => vote.leaf === receipt.leaf);
  if (mine?.choice !== choice || mine.nonce !== receipt.nonce || mine.number !== receipt.number) return false;
  const leaves = await Promise.all(ledger.votes.map((vote) => leafOf(ledger.ballot_id, vote)));
  if (leaves.length !== ledger.size || leaves.some((leaf, index) => leaf !== ledger.votes[index]?.leaf)) return false;
  if (!same(count(ledger.votes), crowd)) return false;
  return (await rootOf(leaves)) === root && ledger.root === root;
}
