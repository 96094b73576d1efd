import type { Entry, Submission } from "@gavel/api";
import { describe, expect, it } from "vitest";
import { deedsOf, isLate, isSettled } from "./rules";

const version = (state: Submission["state"], id = "v1") => ({ id, state }) as Submission;
const entry = (chosen: boolean, submission_id = "v1") =>
  ({ competing: { submission_id, version: 1, chosen } }) as Pick<Entry, "competing">;

describe("what may be done about a version", () => {
  it.each([
    ["ready", ["choose", "withdraw"]],
    ["refused", ["withdraw"]],
    ["benchmarking", ["withdraw"]],
    ["withdrawn", ["restore"]],
    ["uploading", []],
    ["cancelled", []],
  ] as const)("%s: %j", (state, deeds) => {
    expect(deedsOf(version(state), { competing: null })).toEqual(deeds);
  });

  it("is not chosen twice, but what competes as the newest may be chosen for good", () => {
    expect(deedsOf(version("ready"), entry(true))).toEqual(["withdraw"]);
    expect(deedsOf(version("ready"), entry(false))).toEqual(["choose", "withdraw"]);
    expect(deedsOf(version("ready", "v2"), entry(true))).toEqual(["choose", "withdraw"]);
  });

  it("is settled after the deadline, but for stepping down", () => {
    const closes = { closes_at: "2026-11-21T12:00:00Z" };
    const at = Date.parse(closes.closes_at);
    expect([isLate(closes, at - 1), isLate(closes, at + 1), isLate({ closes_at: null }, at)]).toEqual([
      false,
      true,
      false,
    ]);
    expect((["choose", "restore", "withdraw"] as const).map((deed) => isSettled(deed, true))).toEqual([
      true,
      true,
      false,
    ]);
    expect(isSettled("choose", false)).toBe(false);
  });
});
