import { api, type TrainingRace, type TrainingRun } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { useQuery } from "@tanstack/react-query";

const MOVING_MS = 2_000;
const STILL_MS = 10_000;
const ERROR_AGAIN_MS = 4_000;

/** Everything on the page hangs together: a race is made of runs. */
export const TRAINING = ["training"];

const UNDER_WAY: TrainingRun["state"][] = ["queued", "running", "pausing", "paused"];

export const isUnderWay = ({ state }: Pick<TrainingRun, "state">) => UNDER_WAY.includes(state);
export const isOpen = ({ state }: TrainingRace) => state === "planned" || state === "running";

/** All runs of the season, the newest first. */
export function useTrainings() {
  return useQuery({
    queryKey: [...TRAINING, "runs"],
    queryFn: () => api.get("/api/training/runs"),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.some(isUnderWay) ? MOVING_MS : STILL_MS;
    },
  });
}

/** All races of the season, the newest first. */
export function useRaces() {
  return useQuery({
    queryKey: [...TRAINING, "races"],
    queryFn: () => api.get("/api/training/races"),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.some(isOpen) ? MOVING_MS : STILL_MS;
    },
  });
}

export function useDatasets() {
  return useQuery({ queryKey: [...TRAINING, "datasets"], queryFn: () => api.get("/api/training/datasets") });
}

/** What can be made of a data set. */
export function useOptions(dataset: string) {
  return useQuery({
    queryKey: [...TRAINING, "options", dataset],
    queryFn: () => api.get("/api/training/options", { params: { query: { submission_id: dataset } } }),
    enabled: dataset !== "",
    staleTime: 60_000,
  });
}
