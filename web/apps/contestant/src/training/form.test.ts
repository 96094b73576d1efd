import { ApiError } from "@gavel/api";
import { expect, it } from "vitest";
import { OPTIONS, SPEC } from "../testing/training";
import { boundsOf, draftOf, fieldOf, specOf, wrongs } from "./form";

const bounds = boundsOf(OPTIONS);
const wrong = (changes: object) => wrongs({ ...draftOf(SPEC), ...changes }, bounds);

it("gives back what it was given", () => {
  expect(specOf(draftOf(SPEC))).toEqual(SPEC);
  expect(specOf({ ...draftOf(SPEC), learning_rate: " 0,0002 " }).learning_rate).toBe(0.0002);
});

it("holds to the limits of the track and of the contract", () => {
  expect(wrong({})).toEqual({});
  expect(wrong({ rank: "33" })).toEqual({ rank: { code: "high", max: 32 } });
  expect(wrong({ rank: "2.5" })).toEqual({ rank: { code: "whole" } });
  expect(wrong({ max_length: "8" })).toEqual({ max_length: { code: "low", min: 16 } });
  expect(wrong({ learning_rate: "0" })).toEqual({ learning_rate: { code: "above", min: 0 } });
  expect(wrong({ learning_rate: "a lot" })).toEqual({ learning_rate: { code: "number" } });
  expect(wrong({ dropout: "1" })).toEqual({ dropout: { code: "below", max: 1 } });
  expect(wrong({ target_modules: [] })).toEqual({ target_modules: { code: "none" } });
});

it("looks only at what does something", () => {
  expect(wrong({ beta: "" })).toEqual({});
  expect(wrong({ recipe: "dpo", beta: "" })).toEqual({ beta: { code: "number" } });
  expect(wrong({ recipe: "grpo", batch_size: "6" })).toEqual({ batch_size: { code: "multiple_generations" } });
  expect(wrong({ profile: "ddp", processes: "3" })).toEqual({ batch_size: { code: "multiple_processes" } });
});

it("knows which setting the portal has refused", () => {
  expect(fieldOf(new ApiError("training.rank_too_high", "", 422))).toBe("rank");
  const invalid = new ApiError("request.invalid", "", 422, { fields: [{ field: "spec.alpha", message: "" }] });
  expect(fieldOf(invalid)).toBe("alpha");
  expect(fieldOf(new ApiError("training.quota", "", 429))).toBeNull();
  expect(fieldOf(null)).toBeNull();
});
