import type { ProgramSide } from "@gavel/api";
import { expect, it } from "vitest";
import { layersOf } from "./layers";

const side = (text: string, on_air: number, cleared: number): ProgramSide => ({
  text,
  on_air,
  cleared,
  tokens: 9,
  aired: 1,
  ended: false,
  air: "flowing",
  unjudged: null,
  next_at: null,
});

it("parts the preview where the air is and where moderation is, and loses nothing", () => {
  expect(layersOf(side("abcdef", 2, 4))).toEqual({ aired: "ab", cleared: "cd", unread: "ef" });
  expect(layersOf(side("abc", 3, 3))).toEqual({ aired: "abc", cleared: "", unread: "" });
});

it("counts an emoji as the portal does: once", () => {
  expect(layersOf(side("🏮雨🏮", 1, 2))).toEqual({ aired: "🏮", cleared: "雨", unread: "🏮" });
});
