import type { Stage, StageSide } from "@gavel/api";
import { expect, it } from "vitest";
import { turned, turnedScores, turnedStage } from "./sides";

const side = (text: string): StageSide => ({ text, tokens: 1, finished: true, off_air: null, ai_generated: true });
const tally = { left: 1, right: 2, tie: 3, both_bad: 4 };
const stage = {
  phase: "revealed",
  duel: {
    left: side("L"),
    right: side("R"),
    forfeit: "left",
    earlier: [{ turn: 1, prompt: "?", left: side("l"), right: side("r") }],
  },
  result: {
    winner: "left",
    left: { id: "1", name: "Lantern" },
    right: { id: "2", name: "Rook" },
    crowd: tally,
    judges: tally,
  },
} as unknown as Stage;

it("exchanges everything that has a side, so that no part of the page contradicts another", () => {
  const seen = turnedStage(stage);
  expect([seen.duel?.left.text, seen.duel?.right.text, seen.duel?.forfeit]).toEqual(["R", "L", "right"]);
  expect([seen.duel?.earlier[0]?.left.text, seen.duel?.earlier[0]?.right.text]).toEqual(["r", "l"]);
  expect([seen.result?.left.name, seen.result?.right.name, seen.result?.winner]).toEqual(["Rook", "Lantern", "right"]);
  expect(seen.result?.judges).toEqual({ left: 2, right: 1, tie: 3, both_bad: 4 });
});

it("is undone by doing it again", () => {
  expect(turnedStage(turnedStage(stage))).toEqual(stage);
  for (const choice of ["left", "right", "tie", "both_bad"] as const) expect(turned(turned(choice))).toBe(choice);
  const scores = { correct: { left: 4 }, helpful: { left: 1, right: 5 } };
  expect(turnedScores(scores)).toEqual({ correct: { right: 4 }, helpful: { left: 5, right: 1 } });
  expect(turnedScores(turnedScores(scores))).toEqual(scores);
});
