import { api } from "@gavel/api";
import { useQuery } from "@tanstack/react-query";

export const EPISODES = ["episodes"];
export const BOARD = ["board"];

export function useEpisodes() {
  return useQuery({ queryKey: EPISODES, queryFn: () => api.get("/api/episodes") });
}

export function useBoard() {
  return useQuery({ queryKey: BOARD, queryFn: () => api.get("/api/leaderboard") });
}

export function useSeason() {
  return useQuery({ queryKey: ["season"], queryFn: () => api.get("/api/seasons/current"), staleTime: 60_000 });
}
