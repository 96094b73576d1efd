import type { Verdict } from "@gavel/api";
import { beforeEach, describe, expect, it } from "vitest";
import { differs, EMPTY, keepDraft, recallDraft } from "./draft";

const SAVED: Verdict = { ballot_id: "b1", choice: "left", note: "Clear." };

describe("differs", () => {
  it("is false for nothing, and for what was submitted", () => {
    expect(differs(EMPTY, null)).toBe(false);
    expect(differs({ choice: "left", note: "Clear. " }, SAVED)).toBe(false);
  });

  it("is true for another choice or another note", () => {
    expect(differs({ choice: "tie", note: "Clear." }, SAVED)).toBe(true);
    expect(differs({ choice: "left", note: "" }, SAVED)).toBe(true);
    expect(differs({ choice: "left", note: "" }, null)).toBe(true);
  });
});

describe("the kept draft", () => {
  beforeEach(() => localStorage.clear());

  it("comes back to the same judge on the same ballot only", () => {
    keepDraft("ann", "b1", { choice: "tie", note: "Both dull" });
    expect(recallDraft("ann", "b1")).toEqual({ choice: "tie", note: "Both dull" });
    expect(recallDraft("ann", "b2")).toBeNull();
    expect(recallDraft("bo", "b1")).toBeNull();
  });

  it("is forgotten on request, and survives nonsense in the storage", () => {
    keepDraft("ann", "b1", { choice: "tie", note: "" });
    keepDraft("ann", "b1", null);
    expect(recallDraft("ann", "b1")).toBeNull();
    localStorage.setItem("gavel.verdict-draft", "{");
    expect(recallDraft("ann", "b1")).toBeNull();
  });
});
