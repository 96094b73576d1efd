import { api, type Entry, type Practice } from "@gavel/api";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";

/** What may practise: the versions that are ready, the one that competes first. */
export function readyOf({ submissions, competing }: Pick<Entry, "submissions" | "competing">): Entry["submissions"] {
  const ready = submissions.filter((one) => one.state === "ready");
  const first = ready.filter((one) => one.id === competing?.submission_id);
  return [...first, ...ready.filter((one) => !first.includes(one))];
}

export function isUnderWay({ state }: Pick<Practice, "state">): boolean {
  return state === "queued" || state === "answering";
}

/** Characters as the portal counts them: code points, of the text without what surrounds it. */
export function lengthOf(prompt: string): number {
  return [...prompt.trim()].length;
}

const keyOf = (entry: string) => ["practice", entry];

/** My last exchanges with this entry, the newest first. */
export function usePractice(entry: string) {
  return useQuery({
    queryKey: keyOf(entry),
    queryFn: () => api.get("/api/practice", { params: { query: { entry_id: entry } } }),
  });
}

export function useLookAgain(entry: string): () => Promise<void> {
  const queries = useQueryClient();
  return useCallback(() => queries.invalidateQueries({ queryKey: keyOf(entry) }), [queries, entry]);
}
