import { api, type Choice, type Verdict } from "@gavel/api";
import { retryable, usePerson } from "@gavel/desk";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { type Draft, differs, EMPTY, keepDraft, recallDraft } from "./draft";

const AGAIN_MS = 2_000;

interface Sent {
  choice: Choice;
  note: string;
}

/** One judge's verdict on one ballot: what the portal has, what is in hand, and the way from one to the other. */
export function useVerdict(ballot: string, open: boolean) {
  const { id: person } = usePerson();
  const queries = useQueryClient();
  const path = { path: { ballot_id: ballot } };
  const key = ["verdict", person, ballot];
  const mine = useQuery({
    queryKey: key,
    queryFn: () => api.get("/api/ballots/{ballot_id}/my-verdict", { params: path }),
  });
  const saved: Verdict | null = mine.data ?? null;
  const [touched, setTouched] = useState<Draft | null>(() => recallDraft(person, ballot));
  const draft: Draft = touched ?? saved ?? EMPTY;

  const sending = useMutation({
    mutationFn: (body: Sent) => api.post("/api/ballots/{ballot_id}/verdicts", { params: path, body }),
    // A hall's network comes and goes: keep at it until the portal says yes, or no.
    retry: (_, error) => retryable(error),
    retryDelay: AGAIN_MS,
    onSuccess: async (verdict) => {
      // An answer to an older question must not overwrite this one.
      await queries.cancelQueries({ queryKey: key });
      queries.setQueryData(key, verdict);
      // Typed on while it was under way: that part stays a draft.
      setTouched((now) => (now && differs(now, verdict) ? now : null));
    },
  });

  useEffect(() => keepDraft(person, ballot, touched), [person, ballot, touched]);
  // At the lock only the portal knows which verdict counted.
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked anew when the ballot closes, and only then
  useEffect(() => {
    if (!open) void mine.refetch();
  }, [open]);

  const edit = (change: Partial<Draft>) => {
    if (sending.isError) sending.reset();
    setTouched({ choice: draft.choice, note: draft.note, ...change });
  };
  const submit = () => {
    if (draft.choice === null || sending.isPending) return;
    if (differs(draft, saved)) sending.mutate({ choice: draft.choice, note: draft.note.trim() });
  };
  return {
    draft,
    saved,
    /** Whether the portal has said what it has; until then `saved` may be wrong. */
    known: mine.data !== undefined,
    unknownWhy: mine.data === undefined ? mine.error : null,
    changed: differs(draft, saved),
    busy: sending.isPending,
    /** On its way, but the portal could not be reached yet. */
    stuck: sending.isPending && sending.failureCount > 0,
    error: sending.error,
    choose: (choice: Choice) => edit({ choice }),
    write: (note: string) => edit({ note }),
    takeBack: () => setTouched(null),
    submit,
  };
}

export type VerdictInHand = ReturnType<typeof useVerdict>;
