import type { StageBallot } from "@gavel/api";
import { useEffect } from "react";
import { recall, remember } from "../shared/remember";
import type { Counted, Vote } from "./vote";

/** What this device saw of a ballot before the reveal; null is what it did not see. */
export interface Kept {
  vote: Counted | null;
  /** The ledger's fingerprint as it was shown at the lock. */
  root: string | null;
}

export function keptOf(ballot: string): Kept {
  return { vote: recall(`vote.${ballot}`), root: recall(`root.${ballot}`) };
}

/** Of each count the first receipt that was seen: nothing that the server says later may take its place. */
function keepVote(ballot: string, { choice, n, receipt }: Counted): void {
  if (n > (keptOf(ballot).vote?.n ?? 0)) remember(`vote.${ballot}`, { choice, n, receipt });
}

/** Keep the receipt and the fingerprint as they appear, for `check/CheckPage`. Only for the phases before the reveal. */
export function useKeeping({ id, root }: Pick<StageBallot, "id" | "root">, vote: Vote): void {
  useEffect(() => {
    if (vote.step === "counted") keepVote(id, vote);
  }, [id, vote]);
  useEffect(() => {
    if (root && keptOf(id).root === null) remember(`root.${id}`, root);
  }, [id, root]);
}
