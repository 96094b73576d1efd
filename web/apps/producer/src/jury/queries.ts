import { api } from "@gavel/api";
import { useQuery } from "@tanstack/react-query";

const LOOK_MS = 3_000;

export const JUDGING = ["judging"];

/** How far each judge is with the duel on stage; null while none is. */
export function useJury() {
  return useQuery({
    queryKey: [...JUDGING, "jury"],
    queryFn: async () => {
      const live = (await api.get("/api/episodes")).find(({ state }) => state === "live");
      if (!live) return null;
      const duels = await api.get("/api/episodes/{episode_id}/duels", { params: { path: { episode_id: live.id } } });
      const duel = duels.at(-1);
      if (!duel) return null;
      const jury = await api.get("/api/duels/{duel_id}/jury", { params: { path: { duel_id: duel.id } } });
      return { number: duel.number, ...jury };
    },
    refetchInterval: LOOK_MS,
  });
}

/** Of the season, or of one episode; revealed duels only. */
export function useReport(episode: string) {
  return useQuery({
    queryKey: [...JUDGING, "report", episode],
    queryFn: () => api.get("/api/judging/report", { params: { query: { episode: episode || null } } }),
  });
}

export function useConflicts() {
  return useQuery({ queryKey: [...JUDGING, "conflicts"], queryFn: () => api.get("/api/judging/conflicts/all") });
}

export function usePairs() {
  return useQuery({ queryKey: [...JUDGING, "pairs"], queryFn: () => api.get("/api/judging/calibration") });
}
