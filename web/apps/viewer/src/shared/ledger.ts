import type { Ledger, Receipt } from "@gavel/api";

/**
 * The audience's own check of a ballot: the tree head of RFC 9162 (SHA-256, inner nodes with 0x01
 * in front) recomputed on this device from all leaf hashes.
 */

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function parent(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  const joined = new Uint8Array(1 + left.length + right.length);
  joined.set([1], 0);
  joined.set(left, 1);
  joined.set(right, 1 + left.length);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

/** The root over leaf hashes (hex), oldest first. Needs a secure context. */
export async function rootOf(leaves: string[]): Promise<string> {
  let level = leaves.map(bytesOf);
  if (level.length === 0) level = [new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array()))];
  while (level.length > 1) {
    const pairs: Promise<Uint8Array>[] = [];
    for (let index = 0; index < level.length; index += 2) {
      const [left, right] = [level[index] as Uint8Array, level[index + 1]];
      // An odd one out goes up as it is.
      pairs.push(right === undefined ? Promise.resolve(left) : parent(left, right));
    }
    level = await Promise.all(pairs);
  }
  return hexOf(level[0] as Uint8Array);
}

export const canCheck = (): boolean => globalThis.crypto?.subtle !== undefined;

/** What the check needs of a ledger. */
export type Book = Pick<Ledger, "root" | "size"> & { votes: Pick<Ledger["votes"][number], "leaf">[] };

/** Whether the receipt's leaf is in the ledger and the ledger is the one whose root was shown. */
export async function holds(receipt: Pick<Receipt, "leaf">, ledger: Book, shownRoot: string): Promise<boolean> {
  const leaves = ledger.votes.map((vote) => vote.leaf);
  if (!leaves.includes(receipt.leaf) || leaves.length !== ledger.size) return false;
  const root = await rootOf(leaves);
  return root === ledger.root && root === shownRoot;
}
