import type { Choice, SideName } from "@gavel/api";
import type { KeyboardEvent } from "react";
import { type Scores, SIDES } from "./sides";

export const CHOICES = ["left", "tie", "both_bad", "right"] as const satisfies Choice[];

/** The letter of each choice, as it is shown. */
export const LETTERS: Record<Choice, string> = { left: "A", tie: "T", both_bad: "X", right: "B" };

export const SCORES = [1, 2, 3, 4, 5] as const;

/**
 * What a key pressed inside the form asks for: a choice, a score, or to submit; null for keys that are not ours. Nowhere else on
 * the page: single letters belong to whoever steers by voice or keyboard, and the arrows to the radio buttons and to
 * reading.
 */
export function wishOf(event: KeyboardEvent): Choice | "submit" | number | null {
  if (event.nativeEvent.isComposing || event.altKey || event.repeat) return null;
  if (event.ctrlKey || event.metaKey) return event.key === "Enter" ? "submit" : null;
  if (event.shiftKey || event.target instanceof HTMLTextAreaElement) return null;
  const score = SCORES.find((one) => String(one) === event.key);
  return score ?? CHOICES.find((choice) => LETTERS[choice] === event.key.toUpperCase()) ?? null;
}

export interface Slot {
  criterion: string;
  side: SideName;
}

export const slotsOf = (criteria: string[]): Slot[] =>
  criteria.flatMap((criterion) => SIDES.map((side) => ({ criterion, side })));

/** The slot a digit fills: the one that has the focus, else the first that is open. So six digits fill three rows. */
export function slotFor(slots: Slot[], scores: Scores, focused: Slot | null): Slot | null {
  const open = slots.find(({ criterion, side }) => scores[criterion]?.[side] === undefined);
  return focused ?? open ?? null;
}
