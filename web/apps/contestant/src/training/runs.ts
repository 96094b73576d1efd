import { api, type TrainingPoint, type TrainingRun } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";

const MOVING_MS = 1_500;
const OTHERS_MS = 15_000;
const ERROR_AGAIN_MS = 4_000;

export const TRAINING = ["training"];
const runKey = (id: string) => [...TRAINING, "run", id];

export const isMoving = ({ state }: Pick<TrainingRun, "state">) =>
  state === "queued" || state === "running" || state === "pausing";

/** My runs of the season, the newest first. */
export function useRuns(enabled = true) {
  return useQuery({
    queryKey: [...TRAINING, "runs"],
    queryFn: () => api.get("/api/training/runs"),
    enabled,
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.some(isMoving) ? MOVING_MS : OTHERS_MS;
    },
  });
}

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: runKey(id),
    queryFn: () => api.get("/api/training/runs/{run_id}", { params: { path: { run_id: id } } }),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data && !isMoving(state.data) ? OTHERS_MS : MOVING_MS;
    },
  });

/**
 * What is known of a curve, and what came after it. An attempt that goes on from a checkpoint writes the steps after it
 * anew, and the points of a long run lie further apart the longer it gets.
 */
export function joined(known: TrainingPoint[], more: TrainingPoint[], after: number, stride: number): TrainingPoint[] {
  return [...known.filter(({ step }) => step <= after && step % stride === 0), ...more];
}

/** Every step of a run so far; more of them for as long as it has more. */
export const pointsQuery = (queries: QueryClient, id: string, run: TrainingRun | undefined) => {
  const queryKey = [...TRAINING, "points", id];
  return queryOptions({
    queryKey,
    queryFn: async () => {
      const known = queries.getQueryData<TrainingPoint[]>(queryKey) ?? [];
      const after = Math.min(known.at(-1)?.step ?? 0, run?.step ?? 0);
      const { points, stride } = await api.get("/api/training/runs/{run_id}/points", {
        params: { path: { run_id: id }, query: { after } },
      });
      return joined(known, points, after, stride);
    },
    enabled: run !== undefined,
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return run && (isMoving(run) || isBehind(state.data ?? [], run.step)) ? MOVING_MS : false;
    },
  });
};

/** Whether there are later steps than the last that is known. */
function isBehind(points: TrainingPoint[], step: number): boolean {
  const [before, last] = [points.at(-2)?.step ?? 0, points.at(-1)?.step ?? 0];
  return last + Math.max(1, last - before) <= step;
}
