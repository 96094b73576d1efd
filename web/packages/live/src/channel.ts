import { applyPatch, type Patch } from "./patch";

/** `now` is the server's clock when the envelope was made. */
export type Envelope =
  | { t: "snap"; ch: string; ep: string; seq: number; now?: string; d: unknown }
  | { t: "patch"; ch: string; ep: string; seq: number; now?: string; d: Patch }
  | { t: "hb"; now: string }
  | { t: "err"; ch: string; code: string };

export type StateEnvelope = Extract<Envelope, { seq: number }>;

/** What is known of one channel: the state after patch `seq` of incarnation `epoch`. */
export interface Known {
  epoch: string;
  seq: number;
  state: unknown;
}

/** `gap`: patches are missing, resume from what is known. `broken`: only a snapshot helps. */
export type Verdict = "applied" | "old" | "gap" | "broken";

/** One envelope onto what is known. Pure. */
export function receive(known: Known | null, envelope: StateEnvelope): [Known | null, Verdict] {
  const { ep: epoch, seq } = envelope;
  const sameEpoch = known !== null && known.epoch === epoch;
  if (envelope.t === "snap") {
    if (sameEpoch && seq < known.seq) return [known, "old"];
    return [{ epoch, seq, state: envelope.d }, "applied"];
  }
  if (!sameEpoch) return [known, "broken"];
  if (seq <= known.seq) return [known, "old"];
  if (seq !== known.seq + 1) return [known, "gap"];
  const state = applyPatch(known.state, envelope.d);
  return state === undefined ? [known, "broken"] : [{ epoch, seq, state }, "applied"];
}
