import type { StageBallot } from "@gavel/api";
import { useEffect } from "react";
import { recall, remember } from "../shared/remember";
import type { Vote } from "./vote";

/** As it was first seen: nothing that the server says later may take its place. */
function keep(key: string, value: unknown): void {
  if (recall(key) === null) remember(key, value);
}

/** Keep the receipt and the fingerprint as they appear, for `check/CheckPage`. Only for the phases before the reveal. */
export function useKeeping({ id, root }: StageBallot, vote: Vote): void {
  useEffect(() => {
    if (vote.step === "counted") keep(`vote.${id}`, { choice: vote.choice, receipt: vote.receipt });
  }, [id, vote]);
  useEffect(() => {
    if (root) keep(`root.${id}`, root);
  }, [id, root]);
}
