import { api } from "@gavel/api";

const SLICE_MS = 12;

/**
 * Shows the site that this phone has computed something, where a vote asks for that. A fifth of a second, in slices
 * between which the page stays alive. With a SHA-256 of its own: a browser gives its own only to pages over HTTPS, and
 * a hall's network may have none.
 */
export async function work(): Promise<void> {
  const { token, seed, bits } = await api.post("/api/device/work");
  await api.post("/api/device/work/answer", { body: { token, answer: await solve(seed, bits) } });
}

export async function solve(seed: string, bits: number): Promise<number> {
  for (let answer = 0; ; ) {
    for (const until = performance.now() + SLICE_MS; performance.now() < until; answer++)
      if (zeroBits(sha256(`${seed}:${answer}`)) >= bits) return answer;
    await new Promise((done) => setTimeout(done));
  }
}

function zeroBits(hash: Uint32Array): number {
  let zeros = 0;
  for (const word of hash) {
    zeros += Math.clz32(word);
    if (word !== 0) break;
  }
  return zeros;
}

// The first 32 bits of the fractions of the roots of primes, as FIPS 180-4 has them.
const PRIMES = [...Array(312).keys()].filter((n) => n > 1 && ![...Array(n).keys()].some((d) => d > 1 && n % d === 0));
const fraction = (root: number) => Math.floor((root - Math.floor(root)) * 2 ** 32);
const K = Uint32Array.from(PRIMES.slice(0, 64), (prime) => fraction(Math.cbrt(prime)));
const START = Uint32Array.from(PRIMES.slice(0, 8), (prime) => fraction(Math.sqrt(prime)));
const W = new Uint32Array(64);

/** Of at most 55 ASCII characters: one block. */
export function sha256(text: string): Uint32Array {
  W.fill(0, 0, 16);
  for (let i = 0; i < text.length; i++) W[i >> 2] = at(W, i >> 2) | (text.charCodeAt(i) << (24 - 8 * (i & 3)));
  W[text.length >> 2] = at(W, text.length >> 2) | (0x80 << (24 - 8 * (text.length & 3)));
  W[15] = text.length * 8;
  for (let i = 16; i < 64; i++) {
    const [a, b] = [at(W, i - 15), at(W, i - 2)];
    const early = turn(a, 7) ^ turn(a, 18) ^ (a >>> 3);
    const late = turn(b, 17) ^ turn(b, 19) ^ (b >>> 10);
    W[i] = at(W, i - 16) + early + at(W, i - 7) + late;
  }
  let [a, b, c, d, e, f, g, h] = START as unknown as [number, number, number, number, number, number, number, number];
  for (let i = 0; i < 64; i++) {
    const one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + at(K, i) + at(W, i);
    const two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  return Uint32Array.from([a, b, c, d, e, f, g, h], (word, i) => word + at(START, i));
}

const turn = (word: number, by: number) => (word >>> by) | (word << (32 - by));
const at = (words: Uint32Array, index: number) => words[index] as number;
