import type { Comparison } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { desk } from "../testing/desk";
import { RUN } from "../testing/run";
import { Marks } from "./Marks";
import { Profile } from "./Profile";

const gap = (difference: number, tie: boolean) => ({ difference, stderr: 0.1, tie, items: 12 });
const HOUSE: Comparison = {
  run_id: "h1",
  entry: { entry_id: "h", name: "House", kind: "house", version: 1 },
  overall: gap(0.2, false),
  tasks: [
    { task: "sums", other: 0.32, ...gap(-0.02, true) },
    { task: "words", other: 0.2, ...gap(0.3, false) },
  ],
};
const EARLIER: Comparison = {
  run_id: "v1",
  entry: { entry_id: "e1", name: "Lantern", kind: "contestant", version: 1 },
  overall: gap(0.01, true),
  tasks: [],
};

beforeEach(() => setLanguage("en"));

const row = (name: RegExp) => within(screen.getByRole("row", { name })).getAllByRole("cell");

it("says where the house is ahead, and calls what is inside the noise a tie", async () => {
  desk(<Profile run={RUN} />, { "GET /api/runs/r1/comparisons": { body: [HOUSE, EARLIER] } });
  expect(await screen.findByText("20 above House")).toBeTruthy();
  // ± is 1.96 standard errors, here as everywhere.
  expect(screen.getByText("± 12")).toBeTruthy();
  expect(row(/1\. sums/)[0]?.textContent).toBe("30 ± 20");
  expect(screen.getByRole("region", { name: "Scores by task" }).tabIndex).toBe(0);
  expect(row(/1\. sums/)[2]?.textContent).toBe("32 tie");
  expect(row(/2\. words/)[2]?.textContent).toBe("20 +30");
  // Not asked the same: no number in its place.
  expect(row(/3\. maps/)[2]?.textContent).toBe("–");
  expect(screen.getByRole("img", { name: /95 % interval\. The same figures/ })).toBeTruthy();
  fireEvent.change(screen.getByRole("combobox", { name: "Compare with" }), { target: { value: "v1" } });
  expect(screen.getByText("A tie with v1: the difference is inside the noise")).toBeTruthy();
  fireEvent.change(screen.getByRole("combobox", { name: "Compare with" }), { target: { value: "nobody" } });
  expect(screen.queryByText(/A tie with/)).toBeNull();
});

it("stands by itself when there is nobody to compare with", async () => {
  desk(<Profile run={RUN} />, { "GET /api/runs/r1/comparisons": { body: [] } });
  expect(await screen.findByText("47")).toBeTruthy();
  expect(screen.queryByRole("combobox")).toBeNull();
});

it("never changes a score without saying so", () => {
  const by = { by: "Ann", at: "2026-11-21T21:00:00Z" };
  desk(
    <Marks
      run={{
        ...RUN,
        void: { reason: "a stuck fan", ...by },
        override: { score: 0.4, reason: "as agreed", ...by },
        stale: ["scorer"],
      }}
    />,
  );
  expect(screen.getByText(/Does not count: a stuck fan/)).toBeTruthy();
  expect(screen.getByText(/set the accuracy to 40: as agreed/)).toBeTruthy();
  expect(screen.getByText("Answers are judged otherwise since.")).toBeTruthy();
  expect(screen.getAllByText(/Ann/)).toHaveLength(2);
});
