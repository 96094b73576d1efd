import type { Choice } from "@gavel/api";
import type { KeyboardEvent } from "react";

export const CHOICES = ["left", "tie", "both_bad", "right"] as const satisfies Choice[];

/** The letter of each choice, as it is shown. */
export const LETTERS: Record<Choice, string> = { left: "A", tie: "T", both_bad: "X", right: "B" };

/**
 * What a key pressed inside the form asks for; null for keys that are not ours. Nowhere else on the page: single
 * letters belong to whoever steers by voice or keyboard, and the arrows to the radio buttons and to reading.
 */
export function wishOf(event: KeyboardEvent): Choice | "submit" | null {
  if (event.nativeEvent.isComposing || event.altKey || event.repeat) return null;
  if (event.ctrlKey || event.metaKey) return event.key === "Enter" ? "submit" : null;
  if (event.shiftKey || event.target instanceof HTMLTextAreaElement) return null;
  return CHOICES.find((choice) => LETTERS[choice] === event.key.toUpperCase()) ?? null;
}
