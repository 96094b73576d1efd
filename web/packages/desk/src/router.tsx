import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { useSyncExternalStore } from "react";

/** `/contestant` without the slash at the end; empty in tests. */
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

/** Go to a path of this desk, such as `/tokens`. */
export function navigate(path: string): void {
  history.pushState(null, "", BASE + path);
  for (const listener of [...listeners]) listener();
  window.scrollTo(0, 0);
}

function path(): string {
  const whole = location.pathname;
  return (whole.startsWith(BASE) ? whole.slice(BASE.length) : whole) || "/";
}

/** The path inside this desk, always with a slash in front. */
export function usePath(): string {
  return useSyncExternalStore(subscribe, path);
}

/**
 * The arguments of `path` under a pattern such as `/submissions/:id`, or null when it does not
 * match. A desk has a handful of addresses: a router package would be larger than the pages.
 */
export function match(pattern: string, path: string): Record<string, string> | null {
  const wanted = pattern.split("/").filter(Boolean);
  const given = path.split("/").filter(Boolean);
  if (wanted.length !== given.length) return null;
  const found: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] as string;
    if (part.startsWith(":")) found[part.slice(1)] = decodeURIComponent(value);
    else if (part !== value) return null;
  }
  return found;
}

/** A link inside the desk; with a modifier key it stays the browser's own. */
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
