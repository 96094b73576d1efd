import type { Corner } from "./components/Radar";

const STANDARD_ERRORS = 1.96;

/** What stands after every ±, and what every bar reaches to both sides: half of the 95 % interval. */
export function half(stderr: number): number {
  return STANDARD_ERRORS * stderr;
}

/** A score in a drawing, from guessing in the middle to everything right at the rim, with its 95 % interval. */
export function corner({ score, stderr }: { score: number; stderr: number }): Corner {
  return { at: score, lo: score - half(stderr), hi: score + half(stderr) };
}
