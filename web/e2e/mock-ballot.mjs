/** One ballot of the mock: a ledger of one shard, whose receipts, proofs and seal hold before the pages' own check. */
import { createHash, generateKeyPairSync, randomBytes, sign } from "node:crypto";

const sha = (...parts) => {
  const found = createHash("sha256");
  for (const part of parts) found.update(part);
  return found.digest("hex");
};
const bytes = (hex) => Buffer.from(hex, "hex");
const node = (left, right) => sha(Buffer.from([1]), bytes(left), bytes(right));

/** The largest power of two below: where RFC 9162 splits a tree. */
const half = (size) => 2 ** Math.floor(Math.log2(size - 1));

function treeHead(leaves) {
  if (leaves.length < 2) return leaves[0] ?? sha("");
  const split = half(leaves.length);
  return node(treeHead(leaves.slice(0, split)), treeHead(leaves.slice(split)));
}

/** From the leaf up. */
function path(leaves, index) {
  if (leaves.length < 2) return [];
  const split = half(leaves.length);
  return index < split
    ? [...path(leaves.slice(0, split), index), treeHead(leaves.slice(split))]
    : [...path(leaves.slice(split), index - split), treeHead(leaves.slice(0, split))];
}

/** RFC 8785 of texts, whole numbers and what holds them. */
function canonical(value) {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical)}]`;
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`)}}`;
}

const { publicKey, privateKey } = generateKeyPairSync("ed25519");
export const KEY = publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("hex");

/** How many of a ballot stand aside, by which rule. */
export const FLAGS = {
  voters: 12_433,
  counted: 12_406,
  flagged: 27,
  rules: [
    { rule: "cohort", flagged: 26, cleared: 0, reasons: [] },
    { rule: "always-one", flagged: 1, cleared: 2, reasons: [] },
  ],
  wishes: [],
};

/** The season's rules behind them. */
export const FLAG_RULES = {
  cohort_least: 15,
  cohort_alpha: 1e-6,
  cohort_purity: 0.94,
  burst_seconds: 60,
  voter_least: 8,
  voter_alpha: 1e-5,
  taste: 0.7,
  clique_least: 5,
  clique_alpha: 1e-4,
  look_back: 60,
  hold_share: 0.05,
};

export class Ballot {
  constructor(id, options) {
    Object.assign(this, { id, options, votes: new Map(), leaves: [], voters: [] });
  }

  get root() {
    return treeHead(this.leaves);
  }

  /** Voters by what they said last. */
  get counted() {
    const counts = Object.fromEntries(this.options.map((option) => [option, 0]));
    for (const { choice } of this.votes.values()) counts[choice] += 1;
    return counts;
  }

  /** A device's own vote, or null. */
  mine(device) {
    return this.votes.get(device) ?? null;
  }

  /** The vote with its receipt, or an error code. `open`: the window takes it. */
  cast(device, { choice, n }, open) {
    const last = this.mine(device);
    if (last && n <= last.n) {
      if (n < last.n) return { code: "vote.superseded", status: 409 };
      return choice === last.choice ? last : { code: "vote.key_reuse", status: 409 };
    }
    if (!open) return { code: "vote.window_closed", status: 403 };
    if (!this.options.includes(choice)) return { code: "vote.no_such_option", status: 422 };
    const [at, nonce, seq] = [new Date().toISOString(), randomBytes(16).toString("hex"), this.leaves.length];
    const voter = sha(this.id, device).slice(0, 32);
    const line = { at, ballot: this.id, channel: "hall", choice, level: 0, n, nonce, seq, shard: 0, voter };
    const leaf = sha(Buffer.from([0]), canonical(line));
    this.leaves.push(leaf);
    this.voters.push(voter);
    const vote = { ballot_id: this.id, choice, n, receipt: { shard: 0, seq, leaf, nonce, at } };
    this.votes.set(device, vote);
    return vote;
  }

  /** `published`: the result is out, and the split may be told. */
  proof(seq, published) {
    const [size, root] = [this.leaves.length, this.root];
    const certificate = {
      ballot: this.id,
      size,
      root,
      count: { counted: this.counted, flagged: {}, levels: {}, seats: {} },
    };
    const signature = sign(null, Buffer.from(canonical(certificate)), privateKey).toString("hex");
    return {
      ballot: this.id,
      shard: 0,
      seq,
      voter: this.voters[seq],
      channel: "hall",
      level: 0,
      index: seq,
      size,
      root,
      hashes: path(this.leaves, seq),
      seal: published ? { t: "seal", certificate, key: KEY, signature } : null,
    };
  }
}
