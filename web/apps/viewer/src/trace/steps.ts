import type { Attention, AttentionLayer, AttentionToken, TraceStep } from "@gavel/api";

/** The most that five tokens and the rest can be in doubt: six equal outcomes, in bits. */
export const MOST_BITS = Math.log2(6);
/** Weights of attention are whole numbers of ten-thousandths. */
export const WHOLE = 10_000;

/** A token for the eye: spaces and line ends are part of it. Null when it left nothing that could be seen. */
export function visible(text: string): string | null {
  if (text === "") return null;
  return text
    .replace(/\n/g, "↵")
    .replace(/\t/g, "⇥")
    .replace(/^ +| +$/g, (spaces) => "␣".repeat(spaces.length));
}

export interface Choice {
  /** Null: it may not be shown, or has no sign of its own. */
  text: string | null;
  probability: number;
  said: boolean;
}

/** What was likely at a step, the likeliest first, with what was said among them. */
export function choices(step: TraceStep): Choice[] {
  if (step.probability === null) return [];
  const said = { text: step.text === "" ? null : step.text, probability: step.probability, said: true };
  const others = step.alternatives.map((one) => ({ ...one, said: false }));
  return [said, ...others].sort((one, other) => other.probability - one.probability);
}

export interface Look {
  source: number;
  /** Of one. */
  weight: number;
}

/** To what a layer looked when it wrote a token of the answer: the row of the token before it. */
export function looks(map: Attention, layer: AttentionLayer, step: number): Look[] {
  const row = rowOf(map, step);
  if (row === null) return [];
  const weights = layer.weights[row] ?? [];
  return (layer.sources[row] ?? []).map((source, place) => ({ source, weight: (weights[place] ?? 0) / WHOLE }));
}

/** The row that wrote a step of the answer; null when it lies behind what was read. */
export function rowOf(map: Attention, step: number): number | null {
  const token = map.answer_from + step;
  return token < map.tokens.length ? token - 1 : null;
}

/** A token of prompt or answer by its own text, or null when its kind has to stand for it. */
export function named(token: AttentionToken): string | null {
  return token.kind === "system" || token.kind === "mark" ? null : visible(token.text);
}
