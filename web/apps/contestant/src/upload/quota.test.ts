import type { Submission } from "@gavel/api";
import { expect, it } from "vitest";
import { quotaOf } from "./quota";

const HOUR = 3600_000;
const NOW = Date.parse("2026-11-21T12:00:00Z");
const rules = { max_versions: 5, versions_per_day: 2 };

/** Versions sent so many hours ago, newest first. */
function entry(...versions: [hours: number, state: Submission["state"], withdrawn_from?: Submission["state"]][]) {
  const submissions = versions.map(([hours, state, withdrawn_from = null]) => ({
    state,
    withdrawn_from,
    created_at: new Date(NOW - hours * HOUR).toISOString(),
  }));
  return { submissions: submissions as Submission[] };
}

it("counts what the contestant did: not our faults, not what never arrived", () => {
  const sent = entry([1, "cancelled"], [2, "failed"], [3, "refused"], [30, "ready"]);
  expect(quotaOf(sent, rules, NOW)).toEqual({ season: 3, day: 1, again: null });
  const withdrawn = entry([1, "withdrawn", "failed"], [2, "withdrawn", "ready"]);
  expect(quotaOf(withdrawn, rules, NOW)).toEqual({ season: 4, day: 1, again: null });
});

it("says when the day's next version is possible", () => {
  expect(quotaOf(entry([3, "refused"], [20, "ready"]), rules, NOW).again).toBe(NOW + 4 * HOUR);
  // More than the limit, as when the rules have changed: two of the three must be a day old.
  expect(quotaOf(entry([1, "ready"], [3, "ready"], [20, "ready"]), rules, NOW).again).toBe(NOW + 21 * HOUR);
});
