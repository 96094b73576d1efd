import { useSyncExternalStore } from "react";

export const THEMES = ["dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

const STORED = "gavel.theme";
const listeners = new Set<() => void>();

function current(): Theme {
  return document.documentElement.dataset.theme === "light" ? "light" : "dark";
}

export function setTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(STORED, theme);
  } catch {
    // A private window may refuse storage: the choice then lasts as long as the page.
  }
  for (const listener of [...listeners]) listener();
}

/** Dark unless this person chose light here before. */
export function startTheme(): void {
  try {
    if (localStorage.getItem(STORED) === "light") document.documentElement.dataset.theme = "light";
  } catch {
    // See setTheme().
  }
}

export function useTheme(): Theme {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, current);
}
