import { ApiError, api } from "@gavel/api";
import { useEffect, useMemo, useRef, useState } from "react";
import { forget, recall, remember } from "../shared/remember";
import { asDevice } from "./device";
import { keptOf } from "./kept";
import { type Pending, type Polls, send, type Vote } from "./vote";

const ASK_AGAIN_MS = 3_000;

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

function pollsOf(ballot: string, open: () => boolean): Polls {
  const path = { params: { path: { ballot_id: ballot } } };
  return {
    open,
    sleep,
    mine: () => asDevice(() => api.get("/api/ballots/{ballot_id}/my-vote", path)),
    cast: async (body) => (await asDevice(() => api.post("/api/ballots/{ballot_id}/votes", { ...path, body }))).receipt,
  };
}

export interface Voting {
  vote: Vote;
  cast: (choice: string) => void;
}

/**
 * This device's vote on a ballot: restored after a reload (by the kept receipt if there is one), sent until the window
 * closes. A vote on its way is kept from the tap to the receipt, so that a reload goes on sending.
 */
export function useVote(ballot: string, open: () => boolean): Voting {
  const [vote, setVote] = useState<Vote>({ step: "asking" });
  const latest = useRef(open);
  latest.current = open;
  const alive = useRef(true);
  const polls = useMemo(() => pollsOf(ballot, () => latest.current()), [ballot]);

  const actions = useMemo(() => {
    const slot = `pending.${ballot}`;
    const last = `n.${ballot}`;
    let busy = false;
    const show = (next: Vote) => {
      if (alive.current) setVote(next);
    };
    async function deliver(pending: Pending) {
      if (busy) return;
      busy = true;
      remember(slot, pending);
      remember(last, pending.n);
      try {
        const end = await send(polls, pending, show);
        forget(slot);
        show(end);
      } catch (error) {
        show({ step: "unknown", error });
      } finally {
        busy = false;
      }
    }
    /** A count is never used for two choices, whatever became of the first. */
    const next = (choice: string, counted = 0) =>
      deliver({ choice, n: Math.max(counted, recall<number>(last) ?? 0) + 1 });
    async function ask(): Promise<Vote | null> {
      const { vote } = keptOf(ballot);
      if (vote !== null) return { step: "counted", ...vote };
      for (;;) {
        try {
          const mine = await polls.mine();
          return mine === null ? { step: "ready" } : { step: "counted", ...mine };
        } catch (error) {
          if (!(error instanceof ApiError && error.retryable)) return { step: "unknown", error };
          await sleep(ASK_AGAIN_MS);
          if (!alive.current || busy) return null;
        }
      }
    }
    async function restore() {
      const found = await ask();
      if (found === null) return;
      const pending = recall<Pending>(slot);
      if (pending !== null && !(found.step === "counted" && found.n >= pending.n)) await deliver(pending);
      else {
        forget(slot);
        if (!busy) show(found);
      }
    }
    return { next, restore };
  }, [ballot, polls]);

  useEffect(() => {
    alive.current = true;
    void actions.restore();
    return () => {
      alive.current = false;
    };
  }, [actions]);

  const cast = (choice: string) => {
    if (vote.step === "sending" || !open()) return;
    const was = vote.step === "counted" ? vote : vote.step === "confirm" ? vote.was : null;
    if (was !== null && choice === was.choice) setVote({ ...was, step: "counted" });
    // Who has voted is asked before it is changed: a pocket taps, too.
    else if (was !== null && !(vote.step === "confirm" && choice === vote.choice))
      setVote({ step: "confirm", choice, was });
    else {
      navigator.vibrate?.(15);
      void actions.next(choice, was?.n ?? (vote.step === "refused" ? vote.stands?.n : 0));
    }
  };
  return { vote, cast };
}
