import type { Choice } from "@gavel/api";
import { useEffect, useEffectEvent } from "react";

export const CHOICES = ["left", "tie", "both_bad", "right"] as const satisfies Choice[];

/** The keys of each choice as the buttons show them. */
export const SHOWN: Record<Choice, [string, string?]> = {
  left: ["←", "A"],
  tie: ["↓", "T"],
  both_bad: ["X"],
  right: ["→", "B"],
};

/** The same for `aria-keyshortcuts`. */
export const SHORTCUTS: Record<Choice, string> = {
  left: "ArrowLeft A",
  tie: "ArrowDown T",
  both_bad: "X",
  right: "ArrowRight B",
};

const KEYS: Record<string, Choice> = {
  arrowleft: "left",
  a: "left",
  arrowright: "right",
  b: "right",
  arrowdown: "tie",
  t: "tie",
  x: "both_bad",
};

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** What a key asks for; null for keys that are not ours. In the note only Ctrl+Enter is. */
export function wishOf(event: KeyboardEvent): Choice | "submit" | null {
  if (event.isComposing || event.altKey || event.repeat) return null;
  if (event.ctrlKey || event.metaKey) return event.key === "Enter" ? "submit" : null;
  if (event.shiftKey || isTyping(event.target)) return null;
  return KEYS[event.key.toLowerCase()] ?? null;
}

/** Choose and submit by keyboard, anywhere on the page. */
export function useKeys(choose: (choice: Choice) => void, submit: () => void): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const wish = wishOf(event);
    if (wish === null || event.defaultPrevented) return;
    event.preventDefault();
    if (wish === "submit") submit();
    else choose(wish);
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => press(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
}
