import type { Choice, Receipt, StageBallot } from "@gavel/api";
import { useEffect } from "react";
import { recall, remember } from "../shared/remember";
import type { Vote } from "./vote";

/** What this device saw of a ballot before the reveal; null is what it did not see. */
export interface Kept {
  vote: { choice: Choice; receipt: Receipt } | null;
  /** The ledger's fingerprint as it was shown at the lock. */
  root: string | null;
}

export function keptOf(ballot: string): Kept {
  return { vote: recall(`vote.${ballot}`), root: recall(`root.${ballot}`) };
}

/** As it was first seen: nothing that the server says later may take its place. */
function keep(key: string, value: unknown): void {
  if (recall(key) === null) remember(key, value);
}

/** Keep the receipt and the fingerprint as they appear. Only for the phases before the reveal. */
export function useKeeping({ id, root }: StageBallot, vote: Vote): void {
  useEffect(() => {
    if (vote.step === "counted") keep(`vote.${id}`, { choice: vote.choice, receipt: vote.receipt });
  }, [id, vote]);
  useEffect(() => {
    if (root) keep(`root.${id}`, root);
  }, [id, root]);
}
