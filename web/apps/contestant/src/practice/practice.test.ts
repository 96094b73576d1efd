import type { Entry } from "@gavel/api";
import { expect, it } from "vitest";
import { isUnderWay, lengthOf, readyOf } from "./practice";

it("offers the versions that are ready, the one that competes first", () => {
  const submissions = [
    { id: "v4", state: "refused" },
    { id: "v3", state: "ready" },
    { id: "v2", state: "ready" },
    { id: "v1", state: "withdrawn" },
  ] as Entry["submissions"];
  const competing = { submission_id: "v2", version: 2, chosen: true };
  expect(readyOf({ submissions, competing }).map((one) => one.id)).toEqual(["v2", "v3"]);
  expect(readyOf({ submissions, competing: null }).map((one) => one.id)).toEqual(["v3", "v2"]);
});

it("counts characters as the portal does", () => {
  expect(lengthOf("  猫🐈 ")).toBe(2);
  expect(lengthOf(" \n ")).toBe(0);
});

it("is under way until it is answered or has failed", () => {
  expect((["queued", "answering", "answered", "failed"] as const).map((state) => isUnderWay({ state }))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
