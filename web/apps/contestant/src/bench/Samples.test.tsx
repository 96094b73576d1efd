import { setLanguage } from "@gavel/ui";
import { fireEvent, screen, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { desk } from "../testing/desk";
import { RUN } from "../testing/run";
import { shares } from "./Options";
import { Samples } from "./Samples";

const CHOICE = {
  task: "words",
  index: 4,
  question: "Which one?",
  expected: "cat",
  answer: "dog",
  extracted: null,
  correct: false,
  options: ["cat", "dog"],
  logprobs: [-2, -2 + Math.log(3)],
};
const WRITTEN = { ...CHOICE, task: "sums", answer: "It is 7.", extracted: "7", options: [], logprobs: [] };
const page = (number: number, items: unknown[], pages = 2) => ({ body: { items, total: 30, page: number, pages } });

beforeEach(() => setLanguage("en"));

it("turns pages and reads on from the top", async () => {
  desk(<Samples run={RUN} />, {
    "GET /api/runs/r1/samples?wrong=false&page=1": page(1, [CHOICE]),
    "GET /api/runs/r1/samples?wrong=false&page=2": page(2, [WRITTEN]),
    "GET /api/runs/r1/samples?task=words&wrong=false&page=1": page(1, [CHOICE], 1),
    "GET /api/runs/r1/samples?task=words&wrong=true&page=1": page(1, [], 1),
  });
  expect(await screen.findByText("Page 1 of 2")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Next" }));
  expect(await screen.findByText("Page 2 of 2")).toBeTruthy();
  expect(document.activeElement?.textContent).toContain("Questions and answers");
  expect(screen.getByText("Read out of it").nextSibling?.textContent).toBe("7");
  // A filter begins at its first page.
  fireEvent.change(screen.getByRole("combobox", { name: "Task" }), { target: { value: "words" } });
  expect(await screen.findByText("words 5")).toBeTruthy();
  expect(screen.queryByText(/Page/)).toBeNull();
  fireEvent.click(screen.getByRole("checkbox", { name: "Wrong ones only" }));
  await screen.findByText("words 5");
});

it("fetches answers again that were judged again", async () => {
  const answers: Record<string, { body: unknown }> = {
    "GET /api/runs/r1/samples?wrong=false&page=1": page(1, [CHOICE], 1),
  };
  const { queries, again } = desk(<Samples run={{ ...RUN, scorer_digest: "old" }} />, answers);
  expect(await screen.findByText("wrong")).toBeTruthy();
  answers["GET /api/runs/r1/samples?wrong=false&page=1"] = page(1, [{ ...CHOICE, correct: true }], 1);
  again(<Samples run={{ ...RUN, scorer_digest: "new" }} />);
  expect(await screen.findByText("right")).toBeTruthy();
  expect(queries.getQueryCache().findAll({ queryKey: ["samples", "r1"] })).toHaveLength(2);
});

it("shows what could be chosen, and how likely the model held each", async () => {
  desk(<Samples run={RUN} />, { "GET /api/runs/r1/samples?wrong=false&page=1": page(1, [CHOICE], 1) });
  const table = await screen.findByRole("table");
  const [, cat, dog] = within(table).getAllByRole("row");
  expect(cat?.textContent).toContain("✓ Expected");
  expect(cat?.textContent).toContain("25%");
  expect(dog?.textContent).toContain("● Answered");
  expect(dog?.textContent).toContain("75%");
  expect(shares([-1000, -1000])).toEqual([0.5, 0.5]);
});
