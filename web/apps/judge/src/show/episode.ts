import { api, type Episode } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { useQuery } from "@tanstack/react-query";

const ERROR_AGAIN_MS = 4_000;
const WAITING_AGAIN_MS = 8_000;
const LIVE_AGAIN_MS = 30_000;

/** The show a judge is needed at: the newest live one, else the newest planned, else the last that was. Newest first. */
export function pick(episodes: Episode[]): Episode | null {
  const first = (state: Episode["state"]) => episodes.find((episode) => episode.state === state);
  return first("live") ?? first("planned") ?? first("finished") ?? null;
}

/** Looks again by itself: a judge opens this page once, before the evening, and touches nothing until the vote. */
export function useEpisode() {
  return useQuery({
    queryKey: ["episodes"],
    queryFn: () => api.get("/api/episodes"),
    select: pick,
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.some((episode) => episode.state === "live") ? LIVE_AGAIN_MS : WAITING_AGAIN_MS;
    },
  });
}
