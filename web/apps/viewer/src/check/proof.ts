import type { Proof } from "@gavel/api";
import type { Counted } from "../phone/vote";

/**
 * Whether one's own vote is in the counted ledger, computed on this device alone. The leaf is made anew from what the
 * phone kept of its vote, the path of RFC 9162 leads from it to the root (SHA-256; 0x00 before a line, 0x01 before an
 * inner node), and the root is held against the one that was on air. The server's half is arena/votes/ledger.py.
 */

export type StepName = "leaf" | "path" | "root" | "seal";
/** `unknown`: it could not be compared, and the page says why. */
export type StepState = "good" | "bad" | "unknown";
export type Steps = Record<StepName, StepState>;

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
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

/** The leaf (hex) of one's own vote: its line as the ledger writes it, keys sorted, no spaces. */
export async function leafOf({ choice, n, receipt }: Counted, proof: Proof): Promise<string> {
  const { shard, seq, nonce, at } = receipt;
  const { ballot, channel, level, voter } = proof;
  const line = JSON.stringify({ at, ballot, channel, choice, level, n, nonce, seq, shard, voter });
  return hexOf(await sha256(LEAF, new TextEncoder().encode(line)));
}

/** The root (hex) that the path leads to, or null when the path has not the length that it has to have. */
export async function rootFrom(leaf: string, index: number, size: number, hashes: readonly string[]) {
  let computed = bytesOf(leaf);
  let [node, last] = [index, size - 1];
  if (!(index >= 0 && index < size)) return null;
  for (const hash of hashes) {
    if (last === 0) return null;
    const sibling = bytesOf(hash);
    if (node % 2 === 1 || node === last) {
      computed = new Uint8Array(await sha256(NODE, sibling, computed));
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      computed = new Uint8Array(await sha256(NODE, computed, sibling));
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hexOf(computed) : null;
}

/** RFC 8785 of what a certificate holds: texts and whole numbers. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const said = value as Record<string, unknown>;
  const names = Object.keys(said).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(said[name])}`).join(",")}}`;
}

async function sealed({ seal, root, size }: Proof): Promise<StepState> {
  if (seal === null) return "unknown";
  const { certificate } = seal;
  if (certificate.root !== root || certificate.size !== size) return "bad";
  try {
    const key = await crypto.subtle.importKey("raw", bytesOf(seal.key), "Ed25519", false, ["verify"]);
    const said = new TextEncoder().encode(canonical(certificate));
    return (await crypto.subtle.verify("Ed25519", key, bytesOf(seal.signature), said)) ? "good" : "bad";
  } catch {
    // An older browser knows no Ed25519: the root decides without it.
    return "unknown";
  }
}

/** `onAir`: the root as this device saw it before the result, or null. */
export async function check(kept: Counted, proof: Proof, onAir: string | null): Promise<Steps> {
  const leaf = await leafOf(kept, proof);
  const root = await rootFrom(leaf, proof.index, proof.size, proof.hashes);
  return {
    leaf: leaf === kept.receipt.leaf ? "good" : "bad",
    path: root === proof.root ? "good" : "bad",
    root: onAir === null ? "unknown" : proof.root === onAir ? "good" : "bad",
    seal: await sealed(proof),
  };
}

/** Browsers offer SHA-256 only to pages from https (or this machine itself). */
export const canCheck = (): boolean => globalThis.crypto?.subtle !== undefined;
