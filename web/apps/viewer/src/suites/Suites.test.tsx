import { ApiError, api, type Suite, type SuiteScores } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { shapesOf } from "./Scores";
import SuitePage from "./SuitePage";
import SuitesPage, { sizeOf } from "./SuitesPage";

const family = (name: string, kind: "choice" | "generate", air: number[]) => ({
  name,
  title: { en: name.toUpperCase(), zh: name },
  kind,
  source: "gym" as const,
  made_by: name,
  items: 40,
  air,
  options: 4,
  chance: 0.25,
  max_tokens: 24,
  scorer: "number" as const,
});
const SUITE: Suite = {
  id: "reasoning",
  name: { en: "Reasoning", zh: "推理" },
  version: 2,
  digest: "ab".repeat(32),
  licence: "Apache-2.0",
  canary: "guid",
  generator: "reasoning-gym==0.1.25",
  seed: 7,
  seed_commitment: null,
  families: [family("words", "choice", [0, 1, 2]), family("maps", "choice", [0, 4]), family("sums", "generate", [])],
};
const task = (name: string, score: number) => ({ task: name, n: 3, accuracy: 0.5, chance: 0.25, score, stderr: 0.1 });
const row = (name: string, kind: "contestant" | "house", change = {}): SuiteScores["rows"][number] => ({
  entry_id: name,
  name,
  kind,
  version: 1,
  accuracy: { value: 0.5, stderr: 0.05, overridden: false, stale: false },
  override: null,
  run_id: `run-${name}`,
  extent: "air",
  tasks: [task("words", 0.6), task("maps", 0.4), task("sums", 0.2)],
  hardware_class: "cpu",
  attestation: null,
  ...change,
});
const HOW = { command: "lm_eval --tasks x", judge: "gavel suite score . out", judged: ["sums"], folder: "/api/x.zip" };

beforeEach(() => {
  vi.restoreAllMocks();
  setLanguage("en");
});

function portal(answers: Record<string, unknown>) {
  vi.spyOn(api, "get").mockImplementation(((path: string) =>
    path in answers ? Promise.resolve(answers[path]) : Promise.reject(new ApiError("http.404", "", 404))) as never);
}

it("lists every suite with its size, and says which one ranks", async () => {
  portal({ "/api/suites": [SUITE], "/api/seasons/current": { id: "s", suite: "reasoning" } });
  render(<SuitesPage />);
  expect((await screen.findByRole("link", { name: "Reasoning" })).getAttribute("href")).toBe("/suites/reasoning");
  expect(screen.getByText(/3 tasks · 5 questions for the stage, 120 in all/)).toBeTruthy();
  expect(await screen.findByText("Decides the accuracy on the board")).toBeTruthy();
  expect(sizeOf(SUITE)).toEqual({ air: 5, full: 120 });
});

it("shows who scored what, how sure that is, and what was decided about it", async () => {
  const rows = [
    row("Lumen", "contestant"),
    row("Polaris", "contestant", {
      accuracy: { value: 0.4, stderr: null, overridden: true, stale: false },
      override: "as agreed",
    }),
    row("House", "house", { accuracy: { value: 0.3, stderr: 0.05, overridden: false, stale: true } }),
    row("Nova", "contestant", { accuracy: null, run_id: null, tasks: [] }),
  ];
  portal({
    "/api/suites/{suite_id}": SUITE,
    "/api/leaderboard/suites/{suite_id}": { suite: "reasoning", frozen: true, rows },
    "/api/runs/{run_id}/reproduce": HOW,
  });
  render(<SuitePage suite="reasoning" />);
  expect(await screen.findByText("Set by hand: as agreed", { exact: false })).toBeTruthy();
  expect(screen.getByText(/Out of date/)).toBeTruthy();
  expect(screen.getByText(/The board is frozen/)).toBeTruthy();
  expect(screen.queryByText("Nova")).toBeNull();
  expect(screen.getByText("the first 3")).toBeTruthy();
  expect(screen.getByText("1, 5")).toBeTruthy();
  // The house first: everybody can load it.
  expect(await screen.findByText("lm_eval --tasks x")).toBeTruthy();
  expect(screen.getByText(/The house is the base model under an adapter/)).toBeTruthy();
  expect(screen.getByText(/which plain lm_eval does not have: SUMS/)).toBeTruthy();
  fireEvent.change(screen.getByRole("combobox", { name: "Scores of" }), { target: { value: "run-Lumen" } });
  expect(screen.queryByText(/The house is the base model/)).toBeNull();
});

it("says that a seed is kept, and what was promised", async () => {
  portal({
    "/api/suites/{suite_id}": { ...SUITE, seed: null, seed_commitment: "cd".repeat(32) },
    "/api/leaderboard/suites/{suite_id}": { suite: "reasoning", frozen: false, rows: [] },
  });
  render(<SuitePage suite="reasoning" />);
  expect(await screen.findByText(/Shown after the season has released it/)).toBeTruthy();
  expect(screen.getByText("cd".repeat(32))).toBeTruthy();
  expect(await screen.findByText("Nobody has been measured on this suite yet.")).toBeTruthy();
});

it("knows that there is no such suite", async () => {
  portal({});
  render(<SuitePage suite="nothing" />);
  expect(await screen.findByText("There is no such suite")).toBeTruthy();
});

it("draws the house only where it was asked the same", () => {
  const mine = row("Lumen", "contestant");
  expect(shapesOf(mine, row("House", "house")).map(({ look }) => look)).toEqual(["square", "disc"]);
  expect(shapesOf(mine, row("House", "house", { tasks: [task("words", 0.1)] }))).toHaveLength(1);
});
