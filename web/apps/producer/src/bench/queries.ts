import { api, type Run } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { useQuery } from "@tanstack/react-query";

const MOVING_MS = 2_000;
const STILL_MS = 10_000;
const ERROR_AGAIN_MS = 4_000;

/** Everything on the page hangs together: who decides about a run changes the list, the audit and the queue. */
export const BENCH = ["bench"];

export const isMoving = (run: Run) => run.state === "queued" || run.state === "running";

/** All runs of the season, the newest first; what is under way comes with why it waits. */
export function useAllRuns() {
  return useQuery({
    queryKey: [...BENCH, "runs"],
    queryFn: () => api.get("/api/benchmark-runs"),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.some(isMoving) ? MOVING_MS : STILL_MS;
    },
  });
}

export function useSuites() {
  return useQuery({ queryKey: ["suites"], queryFn: () => api.get("/api/suites"), staleTime: 60_000 });
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
