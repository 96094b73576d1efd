import { api } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { useQuery } from "@tanstack/react-query";

const MOVING_MS = 3_000;
const STILL_MS = 20_000;
const ERROR_AGAIN_MS = 4_000;

export const PREFERENCES = ["preferences"];

/** The season's sets, the newest first. Each is checked by a lab, which takes a moment. */
export function useSets() {
  return useQuery({
    queryKey: [...PREFERENCES, "sets"],
    queryFn: () => api.get("/api/preference-sets"),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      const checking = state.data?.some(({ version }) => ["received", "verifying"].includes(version.state));
      return checking ? MOVING_MS : STILL_MS;
    },
  });
}

/** Where each row of a set comes from. */
export function useSet(id: string, wanted: boolean) {
  return useQuery({
    queryKey: [...PREFERENCES, "set", id],
    queryFn: () => api.get("/api/preference-sets/{set_id}", { params: { path: { set_id: id } } }),
    enabled: wanted,
  });
}
