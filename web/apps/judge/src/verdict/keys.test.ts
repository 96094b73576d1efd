import { describe, expect, it } from "vitest";
import { wishOf } from "./keys";

function press(key: string, init: KeyboardEventInit = {}, target: HTMLElement = document.body): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, ...init });
  document.body.append(...(target === document.body ? [] : [target]));
  target.dispatchEvent(event);
  return event;
}

describe("wishOf", () => {
  it.each([
    ["ArrowLeft", "left"],
    ["a", "left"],
    ["A", "left"],
    ["ArrowRight", "right"],
    ["b", "right"],
    ["ArrowDown", "tie"],
    ["t", "tie"],
    ["x", "both_bad"],
    ["q", null],
    ["Enter", null],
  ])("%s is %s", (key, wish) => {
    expect(wishOf(press(key))).toBe(wish);
  });

  it("leaves the browser's own keys alone", () => {
    expect(wishOf(press("a", { ctrlKey: true }))).toBeNull();
    expect(wishOf(press("ArrowLeft", { altKey: true }))).toBeNull();
    expect(wishOf(press("x", { repeat: true }))).toBeNull();
  });

  it("does not choose while a note is typed, but submits from there", () => {
    const note = document.createElement("textarea");
    expect(wishOf(press("t", {}, note))).toBeNull();
    expect(wishOf(press("ArrowLeft", {}, note))).toBeNull();
    expect(wishOf(press("Enter", { ctrlKey: true }, note))).toBe("submit");
    expect(wishOf(press("Enter", { metaKey: true }, note))).toBe("submit");
    expect(wishOf(press("Enter", { ctrlKey: true, isComposing: true }, note))).toBeNull();
  });
});
