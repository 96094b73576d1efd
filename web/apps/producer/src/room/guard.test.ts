import { expect, it } from "vitest";
import { Guard, isGo } from "./guard";

it("takes one press in half a second", () => {
  let now = 0;
  const guard = new Guard(() => now);
  expect(guard.press()).toBe(true);
  now = 499;
  expect(guard.press()).toBe(false);
  now = 500;
  expect(guard.press()).toBe(true);
});

it("does not take a press meant for what the button did a moment ago", () => {
  let now = 0;
  const guard = new Guard(() => now);
  guard.means("lock");
  expect(guard.press()).toBe(true);
  now = 5_000;
  guard.means("reveal");
  now = 5_300;
  expect(guard.press()).toBe(false);
  now = 5_600;
  expect(guard.press()).toBe(true);
});

/** Whether a space pressed on this element is GO. */
function spaceOn(html: string, clicked = false): boolean {
  document.body.innerHTML = html;
  const event = new KeyboardEvent("keydown", { key: " ", bubbles: true, cancelable: true });
  let go = false;
  const listener = () => {
    go = isGo(event, clicked);
  };
  window.addEventListener("keydown", listener);
  (document.querySelector("[data-here]") ?? document.body).dispatchEvent(event);
  window.removeEventListener("keydown", listener);
  return go;
}

it("takes the space bar, but not from somebody who types or steers by keyboard", () => {
  expect(spaceOn("<p data-here>x</p>")).toBe(true);
  expect(spaceOn("<textarea data-here></textarea>", true)).toBe(false);
  expect(spaceOn("<select data-here></select>", true)).toBe(false);
  expect(spaceOn("<button data-here>x</button>")).toBe(false);
  expect(spaceOn("<button data-here>x</button>", true)).toBe(true);
  expect(spaceOn("<dialog open></dialog><p data-here>x</p>", true)).toBe(false);
});
