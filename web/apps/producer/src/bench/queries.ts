import { api, type Run } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { keepPreviousData, useQuery } from "@tanstack/react-query";

const MOVING_MS = 2_000;
const STILL_MS = 10_000;
const ERROR_AGAIN_MS = 4_000;

/** Everything on the page hangs together: who decides about a run changes the list, the audit and the queue. */
export const BENCH = ["bench"];

/** What is under way, and what waits. */
export function useQueue() {
  return useQuery({
    queryKey: [...BENCH, "queue"],
    queryFn: () => api.get("/api/benchmark-runs/queue"),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.length ? MOVING_MS : STILL_MS;
    },
  });
}

export type EndedState = Exclude<Run["state"], "queued" | "running">;

export interface Wanted {
  suite: string;
  state: EndedState | "";
  page: number;
}

/** A page of the runs that have ended. */
export function useEnded({ suite, state, page }: Wanted) {
  return useQuery({
    queryKey: [...BENCH, "ended", suite, state, page],
    queryFn: () =>
      api.get("/api/benchmark-runs", {
        params: { query: { page, ...(suite && { suite }), ...(state && { state }) } },
      }),
    // The list stays while the next page is on its way.
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: now }) => (retryable(now.error) ? ERROR_AGAIN_MS : STILL_MS),
  });
}

/** What producers have decided about scores, the newest first. */
export function useDecisions() {
  return useQuery({ queryKey: [...BENCH, "decisions"], queryFn: () => api.get("/api/score-decisions") });
}

/** How the nodes of each class measured against one another, the newest first. */
export function useCalibrations() {
  return useQuery({
    queryKey: [...BENCH, "calibrations"],
    queryFn: () => api.get("/api/nodes/calibrations"),
    refetchInterval: ({ state }) => (state.data?.some((one) => one.ended_at === null) ? MOVING_MS : STILL_MS),
  });
}
