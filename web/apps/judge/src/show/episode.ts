import { api, type Episode } from "@gavel/api";
import { useQuery } from "@tanstack/react-query";

const LOOK_AGAIN_MS = 5_000;

/** The show a judge is needed at: the newest live one, else the newest planned, else the last that was. Newest first. */
export function pick(episodes: Episode[]): Episode | null {
  const first = (state: Episode["state"]) => episodes.find((episode) => episode.state === state);
  return first("live") ?? first("planned") ?? first("finished") ?? null;
}

/**
 * Looks again by itself, also during a show: one that nobody ended must not hide the next. A judge opens this page once, before the evening, and touches nothing until the vote.
 */
export function useEpisode() {
  return useQuery({
    queryKey: ["episodes"],
    queryFn: () => api.get("/api/episodes"),
    select: pick,
    refetchInterval: LOOK_AGAIN_MS,
  });
}
