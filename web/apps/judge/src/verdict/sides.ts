import type { Choice, SideName, Stage, StageDuel, StageResult, StageTurn, Tally } from "@gavel/api";

/** Criterion → side → 1 to 5. */
export type Scores = Record<string, Record<string, number>>;

export const SIDES = ["left", "right"] as const satisfies SideName[];
const OTHER: Record<Choice, Choice> = { left: "right", right: "left", tie: "tie", both_bad: "both_bad" };

/**
 * A judge may see a duel with its sides exchanged. Everything on the page is as the judge sees it; the portal knows the
 * duel's own sides. These functions stand between the two, and are their own inverse.
 */
export const turned = (choice: Choice): Choice => OTHER[choice];

export function turnedScores(scores: Scores): Scores {
  return Object.fromEntries(Object.entries(scores).map(([id, sides]) => [id, exchanged(sides)]));
}

function exchanged(sides: Record<string, number>): Record<string, number> {
  const { left, right } = sides;
  return { ...(right !== undefined && { left: right }), ...(left !== undefined && { right: left }) };
}

/** The stage as this judge sees it: sides, names and counts all exchanged, or none of them. */
export function turnedStage(stage: Stage): Stage {
  const { duel, result } = stage;
  return { ...stage, duel: duel && turnedDuel(duel), result: result && turnedResult(result) };
}

function turnedDuel(duel: StageDuel): StageDuel {
  const swap = ({ left, right }: StageTurn) => ({ left: right, right: left });
  return {
    ...duel,
    left: duel.right,
    right: duel.left,
    forfeit: duel.forfeit && (OTHER[duel.forfeit] as SideName),
    earlier: duel.earlier.map((turn) => ({ ...turn, ...swap(turn) })),
  };
}

function turnedResult(result: StageResult): StageResult {
  const tally = (one: Tally): Tally => ({ ...one, left: one.right, right: one.left });
  return {
    ...result,
    left: result.right,
    right: result.left,
    winner: OTHER[result.winner] as StageResult["winner"],
    crowd: tally(result.crowd),
    judges: tally(result.judges),
  };
}
