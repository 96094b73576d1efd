import type { RaceRun, TrainingRace } from "@gavel/api";
import { expect, it } from "vitest";
import { isOut, lanesOf, phaseOf, saidOf, spotsOf, unitOf } from "./figures";

const RUN: RaceRun = {
  entry_id: "e1",
  entry: "Lantern",
  recipe: "sft",
  method: "lora",
  state: "running",
  at_line: true,
  step: 12,
  tokens: 900,
  seconds: 20,
  loss: 2.5,
  curve: {},
  stopped: null,
  code: null,
  version: null,
};
const RACE: TrainingRace = {
  id: "r",
  season_id: "s",
  name: "Ten minutes",
  seconds: 600,
  line_seconds: 600,
  line_until: null,
  room: null,
  state: "running",
  started_at: "2026-11-22T10:00:00Z",
  ends_at: "2026-11-22T10:10:00Z",
  runs: {},
  created_at: "2026-11-22T09:50:00Z",
};
const at = (time: string) => phaseOf(RACE, Date.parse(`2026-11-22T${time}Z`));

it("goes by the one clock of the race", () => {
  expect([at("09:59:58"), at("10:00:00"), at("10:09:59"), at("10:10:00")]).toEqual([
    "soon",
    "running",
    "running",
    "over",
  ]);
  expect(phaseOf({ ...RACE, state: "ended" }, 0)).toBe("ended");
  expect(phaseOf({ ...RACE, state: "planned", started_at: null, ends_at: null }, 0)).toBe("planned");
});

it("says how it stands with each, and who is out", () => {
  expect(saidOf({ ...RUN, at_line: false, state: "queued" }, "planned")).toBe("loading");
  expect(saidOf(RUN, "soon")).toBe("at_line");
  expect(saidOf(RUN, "running")).toBe("training");
  expect(saidOf(RUN, "over")).toBe("finishing");
  expect(saidOf({ ...RUN, state: "done", version: 4 }, "running")).toBe("entered");
  expect(saidOf({ ...RUN, state: "done" }, "ended")).toBe("sealed");
  expect(saidOf({ ...RUN, state: "failed", code: "training.not_at_line" }, "running")).toBe("not_at_line");
  const refused = { ...RUN, state: "refused" as const };
  expect(saidOf({ ...refused, code: "training.diverged" }, "running")).toBe("stopped.diverged");
  expect(saidOf({ ...refused, code: "training.bad_row" }, "running")).toBe("stopped.refused");
  expect([isOut(refused), isOut(RUN), isOut({ ...RUN, state: "done" })]).toEqual([true, false, false]);
});

it("draws the mean of the steps in their order, and leaves everybody in his lane", () => {
  const run = { ...RUN, curve: { 10: [19, 2.1], 2: [4, 2.8], 1: [2, 3] } as RaceRun["curve"] };
  expect(spotsOf(run)).toEqual([
    [2, 3],
    [4, 2.9],
    [19, expect.closeTo(7.9 / 3)],
  ]);
  expect(spotsOf(run, 2)[2]?.[0]).toBe(9.5);
  expect([unitOf(RACE), unitOf({ ...RACE, seconds: 90 })]).toEqual([60, 1]);
  const race = { ...RACE, runs: { b: { ...RUN, entry: "B" }, a: { ...RUN, entry: "A" } } };
  expect(lanesOf(race).map(({ entry }) => entry)).toEqual(["A", "B"]);
});
