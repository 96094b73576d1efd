import { ApiError, api, type Choice, newKey } from "@gavel/api";
import { useEffect, useMemo, useRef, useState } from "react";
import { recall, remember } from "../shared/remember";
import { type Polls, send, type Vote } from "./vote";

const ASK_AGAIN_MS = 3_000;

const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

let device: Promise<unknown> | null = null;

/** The anonymous device cookie, asked for once a page; a failure is tried again with the next vote. */
function ensureDevice(): Promise<unknown> {
  device ??= api.post("/api/device").catch((error) => {
    device = null;
    throw error;
  });
  return device;
}

function pollsOf(ballot: string, open: () => boolean): Polls {
  const path = { params: { path: { ballot_id: ballot } } };
  return {
    open,
    sleep,
    async mine() {
      await ensureDevice();
      return api.get("/api/ballots/{ballot_id}/my-vote", path);
    },
    async cast(choice, key) {
      await ensureDevice();
      return (await api.post("/api/ballots/{ballot_id}/votes", { ...path, body: { choice, key } })).receipt;
    },
  };
}

/** Kept on the device from the tap to the receipt, so that a reload goes on sending. */
interface Pending {
  ballot: string;
  choice: Choice;
  key: string;
}

export interface Voting {
  vote: Vote;
  cast: (choice: Choice) => void;
}

/** This device's vote on a ballot: restored after a reload, sent until the window closes. */
export function useVote(ballot: string, open: () => boolean): Voting {
  const [vote, setVote] = useState<Vote>({ step: "asking" });
  const latest = useRef(open);
  latest.current = open;
  const alive = useRef(true);
  const polls = useMemo(() => pollsOf(ballot, () => latest.current()), [ballot]);

  const actions = useMemo(() => {
    let busy = false;
    const show = (next: Vote) => {
      if (alive.current) setVote(next);
    };
    async function deliver(pending: Pending) {
      if (busy) return;
      busy = true;
      remember("pending", pending);
      const end = await send(polls, pending.choice, pending.key, show);
      remember("pending", null);
      busy = false;
      show(end);
    }
    async function restore() {
      for (;;) {
        try {
          const mine = await polls.mine();
          if (mine !== null) return show({ step: "counted", choice: mine.choice, receipt: mine.receipt, again: false });
          break;
        } catch (error) {
          if (!(error instanceof ApiError && error.retryable)) break;
          await sleep(ASK_AGAIN_MS);
          if (!alive.current || busy) return;
        }
      }
      const pending = recall<Pending>("pending");
      if (pending?.ballot === ballot) await deliver(pending);
      else if (!busy) show({ step: "ready" });
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
      void actions.deliver({ ballot, choice, key: newKey() });
    }
  };
  return { vote, cast };
}
