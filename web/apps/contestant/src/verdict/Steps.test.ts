import { expect, it } from "vitest";
import { tonesOf } from "./Steps";

const digest = "a".repeat(64);
const artifact = "adapter";

it("shows how far a version came", () => {
  expect(tonesOf({ artifact, state: "uploading", digest: null })).toEqual(["busy", "calm", "calm", "calm"]);
  expect(tonesOf({ artifact, state: "cancelled", digest: null })).toEqual(["calm", "calm", "calm", "calm"]);
  expect(tonesOf({ artifact, state: "withdrawn", digest })).toEqual(["calm", "calm", "calm", "calm"]);
  expect(tonesOf({ artifact, state: "verifying", digest: null })).toEqual(["good", "busy", "calm", "calm"]);
  expect(tonesOf({ artifact, state: "benchmarking", digest })).toEqual(["good", "good", "busy", "calm"]);
  expect(tonesOf({ artifact, state: "ready", digest })).toEqual(["good", "good", "good", "good"]);
});

it("marks the step at which a version was refused, or at which the platform failed", () => {
  expect(tonesOf({ artifact, state: "refused", digest: null })).toEqual(["good", "bad", "calm", "calm"]);
  expect(tonesOf({ artifact, state: "refused", digest })).toEqual(["good", "good", "bad", "calm"]);
  expect(tonesOf({ artifact, state: "failed", digest: null })).toEqual(["good", "warn", "calm", "calm"]);
  expect(tonesOf({ artifact, state: "failed", digest })).toEqual(["good", "good", "warn", "calm"]);
});

it("ends with the checks for what nothing follows on", () => {
  expect(tonesOf({ artifact: "model", state: "verifying", digest: null })).toEqual(["good", "busy"]);
  expect(tonesOf({ artifact: "model", state: "verified", digest })).toEqual(["good", "good"]);
  expect(tonesOf({ artifact: "model", state: "refused", digest: null })).toEqual(["good", "bad"]);
});
