import { describe, expect, it } from "vitest";
import { applyPatch, codePoints, merge } from "./patch";

describe("merge", () => {
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, { a: null }],
    [{ a: null }, { a: { b: null } }, { a: { b: null } }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c", d: 1 } }, { a: { b: "d" } }, { a: { b: "d", d: 1 } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
  ])("%j + %j = %j", (target, patch, result) => {
    expect(merge(target, patch)).toEqual(result);
  });

  it("keeps the identity of what did not change", () => {
    const state = { left: { text: "a" }, right: { text: "b" } };
    const next = merge(state, { left: { text: "c" } }) as typeof state;
    expect(next.right).toBe(state.right);
    expect(state.left.text).toBe("a");
  });
});

describe("codePoints", () => {
  it("counts as Python does, not in UTF-16 units", () => {
    expect(codePoints("灯🏮雨", 2)).toBe("灯🏮");
    expect(codePoints("灯🏮雨", 3)).toBe("灯🏮雨");
    expect(codePoints("灯🏮雨", 4)).toBeNull();
    expect(codePoints("abc", 3)).toBe("abc");
    expect(codePoints("abc", 4)).toBeNull();
  });
});

describe("applyPatch", () => {
  const state = { duel: { left: { text: "路灯", tokens: 1 }, right: { text: "", tokens: 0 } } };

  it("appends at a position and may be applied twice", () => {
    const patch = { append: [{ path: ["duel", "left", "text"], pos: 2, text: "把雨" }] };
    const once = applyPatch(state, patch);
    expect(once).toEqual({ duel: { ...state.duel, left: { text: "路灯把雨", tokens: 1 } } });
    expect(applyPatch(once, patch)).toEqual(once);
  });

  it("sets first, then appends", () => {
    const patch = {
      set: { duel: { left: { text: "新", tokens: 2 } } },
      append: [{ path: ["duel", "left", "text"], pos: 1, text: "的" }],
    };
    expect(applyPatch(state, patch)).toMatchObject({ duel: { left: { text: "新的", tokens: 2 } } });
  });

  it("reaches into arrays", () => {
    const patch = { append: [{ path: ["rows", 1, "text"], pos: 1, text: "c" }] };
    expect(applyPatch({ rows: [{ text: "a" }, { text: "b" }] }, patch)).toEqual({
      rows: [{ text: "a" }, { text: "bc" }],
    });
  });

  it("refuses an append beyond the text or to a missing place", () => {
    expect(applyPatch(state, { append: [{ path: ["duel", "left", "text"], pos: 3, text: "x" }] })).toBeUndefined();
    expect(applyPatch(state, { append: [{ path: ["no", "such"], pos: 0, text: "x" }] })).toBeUndefined();
  });
});
