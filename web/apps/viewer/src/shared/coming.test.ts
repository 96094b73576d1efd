import type { StageDuel, StageSide } from "@gavel/api";
import { expect, test } from "vitest";
import { isComing } from "./coming";

const side = (change: Partial<StageSide> = {}): StageSide => ({
  text: "",
  tokens: 0,
  finished: false,
  off_air: null,
  ai_generated: true,
  ...change,
});
const duel = (state: StageDuel["state"], left = side(), right = side()): StageDuel => ({
  id: "d",
  number: 1,
  prompt: "?",
  asked: "?",
  kind: "single",
  turn: 1,
  turns: 1,
  earlier: [],
  forfeit: null,
  state,
  left,
  right,
});

test("answers are on their way until the first word of either is on air", () => {
  expect(isComing(duel("live"))).toBe(true);
  expect(isComing(duel("live", side({ tokens: 1, text: "A" })))).toBe(false);
});

test("a card is no answer on its way, and neither is a duel that has not begun", () => {
  expect(isComing(duel("live", side(), side({ off_air: "replaced", finished: true })))).toBe(false);
  expect(isComing(duel("loading"))).toBe(false);
  expect(isComing(duel("answered"))).toBe(false);
});
