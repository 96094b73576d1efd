import { api } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { useQuery } from "@tanstack/react-query";

const FLAGS_AGAIN_MS = 30_000;
const ERROR_AGAIN_MS = 4_000;
const SPEED_AGAIN_MS = 1_500;

export const FLAGS = ["flags"];
export const EPISODES = ["episodes"];
export const NODES = ["nodes"];
export const BOARD = ["board"];
export const TRACE = ["trace"];

export function useEpisodes() {
  return useQuery({ queryKey: EPISODES, queryFn: () => api.get("/api/episodes") });
}

export function useBoard() {
  return useQuery({ queryKey: BOARD, queryFn: () => api.get("/api/leaderboard") });
}

export function useSeason() {
  return useQuery({ queryKey: ["season"], queryFn: () => api.get("/api/seasons/current"), staleTime: 60_000 });
}

/** The engine nodes. They change by themselves: a start takes a minute, a lease seconds. */
export function useNodes() {
  return useQuery({ queryKey: NODES, queryFn: () => api.get("/api/nodes"), refetchInterval: ERROR_AGAIN_MS });
}

/** What the models of a revealed duel nearly said, and how far a lab is with their attention. */
export function useTrace(duel: string, turn: number) {
  return useQuery({
    queryKey: [...TRACE, duel, turn],
    queryFn: () => api.get("/api/duels/{duel_id}/trace", { params: { path: { duel_id: duel }, query: { turn } } }),
    refetchInterval: ({ state }) => {
      const states = state.data ? [state.data.left.attention.state, state.data.right.attention.state] : [];
      return states.some((one) => one === "waiting" || one === "running") ? ERROR_AGAIN_MS : false;
    },
  });
}

export const speedKey = (episode: string) => ["speed", episode];

/** The measurements of an episode, the newest first. One that is under way moves by itself. */
export function useSpeedRuns(episode: string) {
  return useQuery({
    queryKey: speedKey(episode),
    queryFn: () => api.get("/api/episodes/{episode_id}/speed", { params: { path: { episode_id: episode } } }),
    refetchInterval: ({ state }) => {
      const moving = state.data?.some((run) => ["queued", "running", "scoring"].includes(run.state));
      return moving ? SPEED_AGAIN_MS : ERROR_AGAIN_MS;
    },
  });
}

export const seatsKey = (episode: string) => ["seats", episode];

/** The sheets of seat codes. Viewers use them while one watches; elsewhere it is enough to have looked. */
export function useSeats(episode: string, watched = false) {
  return useQuery({
    queryKey: seatsKey(episode),
    queryFn: () => api.get("/api/episodes/{episode_id}/seats", { params: { path: { episode_id: episode } } }),
    ...(watched && { refetchInterval: ERROR_AGAIN_MS }),
  });
}

/** Similarity flags that wait for somebody, or those already reviewed. A new one may come with any upload. */
export function useFlags(reviewed: boolean) {
  return useQuery({
    queryKey: [...FLAGS, { reviewed }],
    queryFn: () => api.get("/api/similarity-flags", { params: { query: { reviewed } } }),
    refetchInterval: ({ state }) => (retryable(state.error) ? ERROR_AGAIN_MS : FLAGS_AGAIN_MS),
  });
}

/** The suites that this site has. They change when somebody imports one. */
export function useSuites() {
  return useQuery({ queryKey: ["suites"], queryFn: () => api.get("/api/suites"), staleTime: 60_000 });
}
