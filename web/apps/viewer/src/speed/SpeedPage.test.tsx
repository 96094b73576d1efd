import { ApiError, api, type SpeedRun } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { render, screen, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import HowPage from "./HowPage";
import SpeedPage from "./SpeedPage";

const ratio = (median: number, lo: number, hi: number) => ({ median, lo, hi, blocks: [median] });
const RUN: SpeedRun = {
  id: "r1",
  episode_id: "e1",
  number: 2,
  kind: "duel",
  state: "done",
  a: { entry_id: "1", name: "Lumen", kind: "contestant", version: 1 },
  b: { entry_id: "2", name: "Polaris", kind: "contestant", version: 3 },
  house: { entry_id: "3", name: "House", kind: "house", version: 1 },
  rules: { blocks: 7, tokens: 64, tie_band: 0.02 },
  rules_digest: "ab",
  seed_commitment: "cd".repeat(32),
  seed: 17,
  blocks: 7,
  blocks_done: 7,
  waiting: null,
  void: null,
  reason: null,
  hardware_class: "cpu-2c",
  rehearsal: false,
  suite: null,
  surprise: null,
  attested_before: "ef".repeat(32),
  attested_after: "01".repeat(32),
  result: {
    metrics: [
      {
        metric: "first_token",
        a: 400,
        b: 440,
        house: 420,
        a_to_house: ratio(0.8, 0.78, 0.82),
        b_to_house: ratio(1.05, 1.01, 1.08),
        a_to_b: ratio(0.8, 0.75, 0.9),
        outcome: "a",
      },
      {
        metric: "decode",
        a: 18,
        b: 18.1,
        house: 18,
        a_to_house: ratio(1, 0.99, 1.01),
        b_to_house: ratio(1.01, 0.99, 1.02),
        a_to_b: ratio(0.99, 0.98, 1.01),
        outcome: "tie",
      },
    ],
    quiz: [],
    axes: [],
  },
  released_at: "2026-11-21T10:00:00Z",
  measured_at: "2026-11-21T10:00:00Z",
  created_at: "2026-11-21T10:00:00Z",
};

beforeEach(() => setLanguage("en"));

function show(change: Partial<SpeedRun>) {
  vi.spyOn(api, "get").mockResolvedValue({ ...RUN, ...change } as never);
  render(<SpeedPage run="r1" />);
}

it("says who is faster by how much, and what is too close to call", async () => {
  show({});
  expect(await screen.findByText("Lumen is 25% faster")).toBeTruthy();
  expect(screen.getByText("with 95 % certainty by 11.1% to 33.3%")).toBeTruthy();
  expect(screen.getByText("Too close to call")).toBeTruthy();
  expect(screen.getByText("1.25× (1.22–1.28)"), "four fifths of the time is 1.25 times as fast").toBeTruthy();
  expect(screen.getByText("400 ms, house 420 ms")).toBeTruthy();
  const link = screen.getByText("All requests with all their times (JSON)");
  expect(link.getAttribute("href")).toBe("/api/speed/r1/runs.json");
});

it("says why a void run counts for nothing, and then names no winner", async () => {
  show({ state: "void", void: "not_exclusive", reason: "others: 1." });
  expect((await screen.findByRole("alert")).textContent).toContain("answered somebody else in between");
  expect(screen.queryByText("Lumen is 25% faster")).toBeNull();
  expect(screen.queryByText("Too close to call")).toBeNull();
});

it("shows the commitment and no seed while nothing is released", async () => {
  show({ state: "running", result: null, seed: null, blocks_done: 3, released_at: null });
  expect(await screen.findByText("Being measured: block 3 of 7")).toBeTruthy();
  expect(screen.getByText("cd".repeat(32))).toBeTruthy();
  expect(screen.getByText("is shown once it is over")).toBeTruthy();
  expect(screen.queryByText("All requests with all their times (JSON)")).toBeNull();
});

it("draws a quiz and leaves out what was not measured", async () => {
  const line = (correct: boolean) => ({ correct, ms: 812.4, tokens: 5, answer: correct ? "It is 5" : null });
  const axes = [
    { axis: "accuracy", a: 0.7, b: 0.4, house: 0.1 },
    { axis: "time_to_answer", a: 1.2, b: 0.9, house: 1 },
    { axis: "first_token", a: 1.1, b: 1, house: 1 },
    { axis: "evenness", a: null, b: 0.5, house: 0.5 },
  ];
  const quiz = [{ question: "2 + 3 = ?", expected: "5", a: line(true), b: line(false), house: line(false) }];
  show({ kind: "quiz", result: { metrics: [], quiz, axes } as unknown as SpeedRun["result"] });
  expect(await screen.findByRole("img", { name: /Radar chart/ })).toBeTruthy();
  expect(screen.getByText("Left out of the chart, because there is no figure: Evenness.")).toBeTruthy();
  const evenness = screen.getByRole("row", { name: /Evenness/ });
  expect(within(evenness).getByText("–")).toBeTruthy();
  const asked = screen.getByRole("row", { name: /2 \+ 3/ });
  expect(
    within(asked)
      .getAllByRole("cell")
      .map((cell) => cell.textContent),
  ).toEqual(["✓ rightIt is 5812 ms", "✕ wrong812 ms", "✕ wrong812 ms"]);
});

it("says that there is no such measurement", async () => {
  vi.spyOn(api, "get").mockRejectedValue(new ApiError("speed.not_found", "", 404));
  render(<SpeedPage run="nope" />);
  expect(await screen.findByText("There is no such measurement")).toBeTruthy();
});

it("explains in both languages how it is measured", () => {
  const { unmount } = render(<HowPage />);
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("How we measure speed");
  unmount();
  setLanguage("zh");
  render(<HowPage />);
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("我们怎样测速");
  expect(screen.getByRole("row", { name: /MLPerf/ })).toBeTruthy();
});
