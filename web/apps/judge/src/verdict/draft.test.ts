import { beforeEach, describe, expect, it } from "vitest";
import { type Draft, differs, EMPTY, keepDraft, recallDraft } from "./draft";

const SAVED: Draft = { choice: "left", note: "Clear.", scores: { a: { left: 3, right: 4 } } };

describe("differs", () => {
  it("is false for nothing, and for what was submitted", () => {
    expect(differs(EMPTY, null)).toBe(false);
    expect(differs({ ...SAVED, note: "Clear. ", scores: { a: { right: 4, left: 3 } } }, SAVED)).toBe(false);
  });

  it("is true for another choice, note or score", () => {
    expect(differs({ ...SAVED, choice: "tie" }, SAVED)).toBe(true);
    expect(differs({ ...SAVED, note: "" }, SAVED)).toBe(true);
    expect(differs({ ...SAVED, scores: { a: { left: 3, right: 5 } } }, SAVED)).toBe(true);
    expect(differs(SAVED, null)).toBe(true);
  });
});

describe("the kept draft", () => {
  const draft: Draft = { choice: "tie", note: "Both dull", scores: { a: { left: 1 } } };
  beforeEach(() => localStorage.clear());

  it("comes back to the same judge on the same ballot only", () => {
    keepDraft("ann", "b1", 2, draft);
    expect(recallDraft("ann", "b1", 2)).toEqual(draft);
    expect(recallDraft("ann", "b2", 2)).toBeNull();
    expect(recallDraft("bo", "b1", 2)).toBeNull();
  });

  it("gives way to what another device has written since", () => {
    keepDraft("ann", "b1", 2, draft);
    expect(recallDraft("ann", "b1", 3)).toBeNull();
  });

  it("is forgotten on request, and survives nonsense in the storage", () => {
    keepDraft("ann", "b1", 0, draft);
    keepDraft("ann", "b1", 0, null);
    expect(recallDraft("ann", "b1", 0)).toBeNull();
    localStorage.setItem("gavel.verdict-draft", "{");
    expect(recallDraft("ann", "b1", 0)).toBeNull();
  });
});
