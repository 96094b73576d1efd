import { api } from "@gavel/api";
import { useMutation } from "@tanstack/react-query";

export type Does = "arm" | "open" | "close" | "shorten" | "publish";

/** Moves a ballot on. The desk's live channel shows what came of it. */
export function useSteps(ballot: string) {
  const { mutate, isPending, error } = useMutation({
    mutationFn: (does: Does) =>
      api.post(`/api/ballots/{ballot_id}/${does}`, { params: { path: { ballot_id: ballot } } }),
  });
  return { step: mutate, busy: isPending, error };
}
