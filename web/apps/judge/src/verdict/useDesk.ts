import { api } from "@gavel/api";
import { useQuery } from "@tanstack/react-query";

export const deskKey = (duel: string) => ["judging-desk", duel];

/**
 * What the desk needs of a duel besides the stage. `news`: whatever of the stage means that it may have changed, so that it is
 * asked anew; what was known stays on the page meanwhile.
 */
export function useDesk(duel: string | null, news: string) {
  return useQuery({
    queryKey: [...deskKey(duel ?? ""), news],
    queryFn: () => api.get("/api/duels/{duel_id}/desk", { params: { path: { duel_id: duel ?? "" } } }),
    enabled: duel !== null,
    placeholderData: (before) => (before?.duel_id === duel ? before : undefined),
  });
}
