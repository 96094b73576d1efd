import { api, type Run, type Submission } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { useQuery } from "@tanstack/react-query";

const MOVING_MS = 2_000;
/** A producer may order a run, or decide about one, at any time. */
const OTHERS_MS = 20_000;
const ERROR_AGAIN_MS = 4_000;

export const runsKey = (submission: string) => ["runs", submission];

export const isMoving = (run: Run) => run.state === "queued" || run.state === "running";

/** All runs of a version, the newest first. */
export function useRuns(submission: Submission) {
  return useQuery({
    // The state is part of the key: there is news whenever the submission has moved on.
    queryKey: [...runsKey(submission.id), submission.state],
    queryFn: () =>
      api.get("/api/submissions/{submission_id}/runs", { params: { path: { submission_id: submission.id } } }),
    enabled: submission.digest !== null,
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.some(isMoving) ? MOVING_MS : OTHERS_MS;
    },
  });
}

/** What is looked at first: what is under way, else the newest that counts, else the newest. */
export function firstShown(runs: Run[]): Run | undefined {
  return runs.find(isMoving) ?? runs.find((run) => run.state === "done") ?? runs[0];
}

/** The same questions, answered by the house and by earlier versions of this entry. */
export function useComparisons(run: Run) {
  return useQuery({
    queryKey: ["comparisons", run.id, run.scorer_digest],
    queryFn: () => api.get("/api/runs/{run_id}/comparisons", { params: { path: { run_id: run.id } } }),
    enabled: run.state === "done",
    staleTime: 60_000,
  });
}
