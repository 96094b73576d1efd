import type { Entry, Season, Submission } from "@gavel/api";

/** What may be done about a version, by the same rules as the portal, which decides. */
export type Deed = "choose" | "withdraw" | "restore";

/** Never arrived: given up with `cancel`, and not withdrawn. */
const NOT_HERE = new Set<Submission["state"]>(["uploading", "cancelled"]);

export function deedsOf(submission: Submission, { competing }: Pick<Entry, "competing">): Deed[] {
  if (submission.state === "withdrawn") return ["restore"];
  if (NOT_HERE.has(submission.state)) return [];
  const chosen = competing?.chosen && competing.submission_id === submission.id;
  return submission.state === "ready" && !chosen ? ["choose", "withdraw"] : ["withdraw"];
}

export function isLate({ closes_at }: Pick<Season, "closes_at">, now: number): boolean {
  return closes_at !== null && Date.parse(closes_at) < now;
}

/** After the deadline what competes is settled. To step down is possible at any time. */
export function isSettled(deed: Deed, late: boolean): boolean {
  return late && deed !== "withdraw";
}
