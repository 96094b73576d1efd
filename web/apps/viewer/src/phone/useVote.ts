import { ApiError, api, type Choice, newKey } from "@gavel/api";
import { useEffect, useMemo, useRef, useState } from "react";
import { forget, recall, remember } from "../shared/remember";
import { asDevice } from "./device";
import { keptOf } from "./kept";
import { type Polls, send, type Vote } from "./vote";

const ASK_AGAIN_MS = 3_000;

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

function pollsOf(ballot: string, open: () => boolean): Polls {
  const path = { params: { path: { ballot_id: ballot } } };
  return {
    open,
    sleep,
    mine: () => asDevice(() => api.get("/api/ballots/{ballot_id}/my-vote", path)),
    async cast(choice, key) {
      const body = { choice, key };
      return (await asDevice(() => api.post("/api/ballots/{ballot_id}/votes", { ...path, body }))).receipt;
    },
  };
}

/** Kept on the device from the tap to the receipt, so that a reload goes on sending. */
interface Pending {
  choice: Choice;
  key: string;
}

export interface Voting {
  vote: Vote;
  cast: (choice: Choice) => void;
}

/** This device's vote on a ballot: restored after a reload (by the kept receipt if there is one), sent until the window closes. */
export function useVote(ballot: string, open: () => boolean): Voting {
  const [vote, setVote] = useState<Vote>({ step: "asking" });
  const latest = useRef(open);
  latest.current = open;
  const alive = useRef(true);
  const polls = useMemo(() => pollsOf(ballot, () => latest.current()), [ballot]);

  const actions = useMemo(() => {
    const slot = `pending.${ballot}`;
    let busy = false;
    const show = (next: Vote) => {
      if (alive.current) setVote(next);
    };
    async function deliver(pending: Pending) {
      if (busy) return;
      busy = true;
      remember(slot, pending);
      try {
        const end = await send(polls, pending.choice, pending.key, show);
        forget(slot);
        show(end);
      } catch (error) {
        show({ step: "unknown", error });
      } finally {
        busy = false;
      }
    }
    async function ask(): Promise<Vote | null> {
      const { vote } = keptOf(ballot);
      if (vote !== null) return { step: "counted", ...vote, again: false };
      for (;;) {
        try {
          const mine = await polls.mine();
          if (mine === null) return { step: "ready" };
          return { step: "counted", choice: mine.choice, receipt: mine.receipt, again: false };
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
      if (found.step === "counted") {
        forget(slot);
        show(found);
      } else if (pending !== null) await deliver(pending);
      else if (!busy) show(found);
    }
    return { deliver, restore };
  }, [ballot, polls]);

  useEffect(() => {
    alive.current = true;
    void actions.restore();
    return () => {
      alive.current = false;
    };
  }, [actions]);

  const cast = (choice: Choice) => {
    if (vote.step === "counted") setVote({ ...vote, again: true });
    else if (vote.step !== "sending") {
      navigator.vibrate?.(15);
      void actions.deliver({ choice, key: newKey() });
    }
  };
  return { vote, cast };
}
