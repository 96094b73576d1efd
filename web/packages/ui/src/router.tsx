import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { useSyncExternalStore } from "react";

/** Where the app lives, such as `/contestant`, without the slash at the end; empty for the audience and in tests. */
const BASE = import.meta.env.BASE_URL.replace(/\/$/, "");

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

/** Go to a path of this app, such as `/tokens`. */
export function navigate(path: string): void {
  history.pushState(null, "", BASE + path);
  for (const listener of [...listeners]) listener();
  window.scrollTo(0, 0);
}

function path(): string {
  const whole = location.pathname;
  return (whole.startsWith(BASE) ? whole.slice(BASE.length) : whole) || "/";
}

/** The path inside this app, always with a slash in front. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, path);
}

/**
 * The arguments of `path` under a pattern such as `/submissions/:id`, or null when it does not
 * match. An app has a handful of addresses: a router package would be a fifth of the audience's budget.
 */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] as string;
    if (!part.startsWith(":")) {
      if (part !== value) return null;
      continue;
    }
    try {
      found[part.slice(1)] = decodeURIComponent(value);
    } catch {
      // Broken percent signs, as in `/s/%E0`: no such page.
      return null;
    }
  }
  return found;
}

/** A link inside the app; with a modifier key it stays the browser's own. */
export function Link({ to, children, ...rest }: AnchorHTMLAttributes<HTMLAnchorElement> & { to: string }) {
  const go = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={BASE + to} onClick={go} {...rest}>
      {children}
    </a>
  );
}
