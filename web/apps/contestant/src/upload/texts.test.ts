import { ApiError } from "@gavel/api";
import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useT } from "../i18n";

const REFUSALS = [
  "upload.in_progress",
  "upload.window_closed",
  "upload.digest_mismatch",
  "upload.offset_mismatch",
  "upload.taken_over",
  "upload.closed",
  "upload.too_slow",
  "upload.too_large",
  "upload.file_missing",
  "upload.empty_file",
  "upload.not_found",
  "upload.unreadable",
  "upload.duplicate",
  "artifact.unexpected_file",
  "entry.quota",
  "entry.closed",
  "name.confusable",
  "submission.not_ready",
  "submission.uploading",
  "submission.withdrawn",
  "submission.not_withdrawn",
];

function text(code: string, detail = {}): string {
  const { result } = renderHook(() => useT());
  return result.current.errorText(new ApiError(code, "the portal's own words", 409, detail));
}

it("has words for every refusal of an upload", () => {
  expect(REFUSALS.filter((code) => text(code) === "the portal's own words")).toEqual([]);
});

it("says what is wrong with a name", () => {
  const reasons = ["empty", "too_long", "character", "mixed_scripts"];
  const texts = reasons.map((why) => text("name.invalid", { why, limit: 40, length: 41, word: "Аlpha" }));
  expect(texts.filter((one) => one.includes("error.name"))).toEqual([]);
  expect(new Set(texts).size).toBe(reasons.length);
  expect(text("name.confusable", { name: "Lantem", other: "Lantern" })).toMatch(/looks like “Lantern”/);
});

it("says which quota is used up", () => {
  expect(text("upload.quota", { limit: 3, per: "day" })).toMatch(/its 3 versions of the last 24 hours/);
  expect(text("upload.quota", { limit: 20, per: "season" })).toMatch(/its 20 versions of the season/);
});
