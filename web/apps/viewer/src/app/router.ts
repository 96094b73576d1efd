import { useSyncExternalStore } from "react";

export type Route =
  | { page: "join" }
  | { page: "phone"; code: string }
  | { page: "stage"; episode: string }
  | { page: "board"; season: string | null }
  | { page: "lost" };

/** The five addresses of the audience. Pure; a router package would weigh a fifth of the budget. */
export function match(path: string): Route {
  const [head, argument, ...rest] = path.split("/").filter(Boolean);
  if (rest.length > 0) return { page: "lost" };
  if (head === undefined) return { page: "join" };
  if (head === "s" && argument) return { page: "phone", code: decodeURIComponent(argument).toUpperCase() };
  if (head === "stage" && argument) return { page: "stage", episode: argument };
  if (head === "board") return { page: "board", season: argument ?? null };
  return { page: "lost" };
}

const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

export function navigate(path: string): void {
  history.pushState(null, "", path);
  for (const listener of listeners) listener();
  window.scrollTo(0, 0);
}

export function usePath(): string {
  return useSyncExternalStore(subscribe, () => location.pathname);
}
