import type { Entry, Season, Submission } from "@gavel/api";

const DAY_MS = 24 * 3600_000;
/** Through a fault of ours, or never arrived. */
const NOT_COUNTED = new Set<Submission["state"]>(["failed", "cancelled"]);

export function counts({ state, withdrawn_from }: Pick<Submission, "state" | "withdrawn_from">): boolean {
  return !NOT_COUNTED.has(withdrawn_from ?? state);
}

/** What an entry may still send, by the same rules as the portal, which decides. Times in ms. */
export interface Quota {
  season: number;
  day: number;
  /** When the day's next version is possible; null when it is possible now. */
  again: number | null;
}

export function quotaOf(
  { submissions }: Pick<Entry, "submissions">,
  { max_versions, versions_per_day }: Pick<Season, "max_versions" | "versions_per_day">,
  now: number,
): Quota {
  const sent = submissions.filter(counts).map((one) => Date.parse(one.created_at));
  const today = sent.filter((at) => at > now - DAY_MS).sort((a, b) => b - a);
  const blocking = today[versions_per_day - 1];
  return {
    season: Math.max(0, max_versions - sent.length),
    day: Math.max(0, versions_per_day - today.length),
    again: blocking === undefined ? null : blocking + DAY_MS,
  };
}
