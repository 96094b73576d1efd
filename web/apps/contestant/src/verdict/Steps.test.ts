import { expect, it } from "vitest";
import { tonesOf } from "./Steps";

const digest = "a".repeat(64);

it("shows how far a version came", () => {
  expect(tonesOf({ state: "uploading", digest: null })).toEqual(["busy", "calm", "calm", "calm"]);
  expect(tonesOf({ state: "cancelled", digest: null })).toEqual(["calm", "calm", "calm", "calm"]);
  expect(tonesOf({ state: "withdrawn", digest })).toEqual(["calm", "calm", "calm", "calm"]);
  expect(tonesOf({ state: "verifying", digest: null })).toEqual(["good", "busy", "calm", "calm"]);
  expect(tonesOf({ state: "benchmarking", digest })).toEqual(["good", "good", "busy", "calm"]);
  expect(tonesOf({ state: "ready", digest })).toEqual(["good", "good", "good", "good"]);
});

it("marks the step at which a version was refused, or at which the platform failed", () => {
  expect(tonesOf({ state: "refused", digest: null })).toEqual(["good", "bad", "calm", "calm"]);
  expect(tonesOf({ state: "refused", digest })).toEqual(["good", "good", "bad", "calm"]);
  expect(tonesOf({ state: "failed", digest: null })).toEqual(["good", "warn", "calm", "calm"]);
  expect(tonesOf({ state: "failed", digest })).toEqual(["good", "good", "warn", "calm"]);
});
