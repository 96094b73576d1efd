import { ApiError, api, type Choice, type JudgeDesk, type SideName, type Verdict } from "@gavel/api";
import { retryable, usePerson } from "@gavel/desk";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { type Draft, differs, EMPTY, keepDraft, recallDraft } from "./draft";
import { turned, turnedScores } from "./sides";
import { deskKey } from "./useDesk";

const AGAIN_MS = 2_000;
const PAUSE_MS = 700;

/** A draft with a choice, as it is submitted. */
type Given = Draft & { choice: Choice };

/** One judge's verdict on one ballot: what the portal has, what is in hand, and the way from one to the other. */
export function useVerdict(ballot: string, open: boolean, desk: JudgeDesk) {
  const { id: person } = usePerson();
  const queries = useQueryClient();
  const path = { path: { ballot_id: ballot } };
  const key = ["verdict", person, ballot];
  const seen = ({ choice, note, scores }: Draft): Draft => {
    return desk.mirrored
      ? { choice: choice && turned(choice), note, scores: turnedScores(scores) }
      : { choice, note, scores };
  };
  const mine = useQuery({
    queryKey: key,
    queryFn: () => api.get("/api/ballots/{ballot_id}/my-verdict", { params: path }),
  });
  const given = (verdict: Verdict): Given => {
    const { choice } = verdict;
    return { ...seen(verdict), choice: desk.mirrored ? turned(choice) : choice };
  };
  const saved = mine.data ? given(mine.data) : null;
  const kept = desk.draft ? seen(desk.draft) : null;
  const version = useRef(desk.draft?.version ?? 0);
  const [touched, setTouched] = useState<Draft | null>(() => recallDraft(person, ballot, version.current) ?? kept);
  const draft: Draft = touched ?? saved ?? EMPTY;
  /** In a second look whoever stays by his word says so once more. */
  const confirms = desk.second_look !== null && mine.data?.look === 1;

  const [newer, setNewer] = useState(false);
  const keeping = useMutation({
    mutationFn: (word: Draft) =>
      api.put("/api/duels/{duel_id}/draft", {
        params: { path: { duel_id: desk.duel_id } },
        body: { version: version.current, ...seen(word) },
      }),
    retry: (_, error) => retryable(error),
    retryDelay: AGAIN_MS,
    onSuccess: (answer) => {
      version.current = answer.version;
      setNewer(false);
    },
    onError: async (error) => {
      if (!(error instanceof ApiError) || error.code !== "draft.newer") return;
      const params = { path: { duel_id: desk.duel_id } };
      const now = await api.get("/api/duels/{duel_id}/desk", { params });
      version.current = now.draft?.version ?? 0;
      setNewer(true);
      setTouched(now.draft ? seen(now.draft) : null);
      await mine.refetch();
    },
  });
  const keep = keeping.mutate;
  const edited = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: after a pause in what is in hand, and for nothing else
  useEffect(() => {
    keepDraft(person, ballot, version.current, touched);
    if (!open || touched === null || !edited.current) return;
    const timer = setTimeout(() => keep(touched), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [person, ballot, touched, open]);

  const sending = useMutation({
    mutationFn: (word: Given) =>
      api.post("/api/ballots/{ballot_id}/verdicts", {
        params: path,
        body: { ...seen(word), choice: desk.mirrored ? turned(word.choice) : word.choice },
      }),
    // A hall's network comes and goes: keep at it until the portal says yes, or no.
    retry: (_, error) => retryable(error),
    retryDelay: AGAIN_MS,
    onSuccess: async (verdict) => {
      // An answer to an older question must not overwrite this one.
      await queries.cancelQueries({ queryKey: key });
      queries.setQueryData(key, verdict);
      version.current = 0;
      // Typed on while it was under way: that part stays a draft.
      setTouched((now) => (now && differs(now, given(verdict)) ? now : null));
      await queries.invalidateQueries({ queryKey: deskKey(desk.duel_id) });
    },
  });

  // At the lock only the portal knows which verdict counted.
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked anew when the ballot closes, and only then
  useEffect(() => {
    if (!open) void mine.refetch();
  }, [open]);

  const edit = (change: Partial<Draft>) => {
    if (sending.isError) sending.reset();
    edited.current = true;
    setTouched({ ...draft, ...change });
  };
  const submit = () => {
    if (draft.choice === null || sending.isPending) return;
    if (differs(draft, saved) || confirms)
      sending.mutate({ choice: draft.choice, note: draft.note.trim(), scores: draft.scores });
  };
  return {
    draft,
    saved,
    /** Whether the portal has said what it has; until then `saved` may be wrong. */
    known: mine.data !== undefined,
    unknownWhy: mine.data === undefined ? mine.error : null,
    changed: differs(draft, saved),
    confirms,
    /** Another device of this judge had written; what it wrote is shown. */
    newer,
    busy: sending.isPending,
    /** On its way, but the portal could not be reached yet. */
    stuck: sending.isPending && sending.failureCount > 0,
    error: sending.error,
    choose: (choice: Choice) => edit({ choice }),
    write: (note: string) => edit({ note }),
    score: (criterion: string, side: SideName, score: number) =>
      edit({ scores: { ...draft.scores, [criterion]: { ...draft.scores[criterion], [side]: score } } }),
    takeBack: () => setTouched(null),
    submit,
  };
}

export type VerdictInHand = ReturnType<typeof useVerdict>;
