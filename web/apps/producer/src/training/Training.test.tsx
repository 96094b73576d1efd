import { api, type TrainingRace, type TrainingRun } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import "../i18n";
import { secondsOf } from "./Plan";
import { inLine } from "./Runs";
import { TrainingPage } from "./TrainingPage";

const spec = (rank: number) => ({ recipe: "sft", rank });
const OPTIONS = {
  recipes: [
    {
      id: "sft",
      presets: [
        { id: "quick", spec: spec(4) },
        { id: "balanced", spec: spec(8) },
      ],
    },
  ],
};
const version = (name: string) => ({ submission_id: `s-${name}`, entry_id: `e-${name}`, entry: name, version: 1 });
const RACE = {
  id: "r1",
  name: "Ten minutes",
  seconds: 600,
  line_seconds: 600,
  line_until: null,
  room: null,
  state: "planned",
  started_at: null,
  ends_at: null,
  runs: {
    t2: { entry: "Polaris", recipe: "sft", state: "queued", at_line: false, step: 0, loss: null, version: null },
    t1: { entry: "Lantern", recipe: "sft", state: "running", at_line: true, step: 0, loss: null, version: null },
  },
} as unknown as TrainingRace;

beforeAll(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});
beforeEach(() => {
  vi.restoreAllMocks();
  setLanguage("en");
});

function page(races: TrainingRace[], training: object | null = {}) {
  const answers: Record<string, unknown> = {
    "/api/seasons/current": { track: { training } },
    "/api/training/datasets": [version("Lantern"), version("Polaris")],
    "/api/training/options": OPTIONS,
    "/api/training/races": races,
  };
  vi.spyOn(api, "get").mockImplementation(((path: string) => Promise.resolve(answers[path] ?? [])) as never);
  const post = vi.spyOn(api, "post").mockResolvedValue(RACE as never);
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <TrainingPage />
    </QueryClientProvider>,
  );
  return post;
}

it("plans a race of two with what was proposed for their data", async () => {
  const post = page([]);
  const go = screen.getByText("Plan the race") as HTMLButtonElement;
  fireEvent.change(screen.getByLabelText("Name"), { target: { value: "Ten minutes" } });
  fireEvent.change(screen.getByLabelText("Minutes at the line"), { target: { value: "5" } });
  await screen.findAllByText("Polaris · v1");
  const [first, second] = screen.getAllByLabelText(/Data set/);
  fireEvent.change(first as HTMLElement, { target: { value: "s-Lantern" } });
  fireEvent.change(second as HTMLElement, { target: { value: "s-Lantern" } });
  expect(await screen.findByText("One lane for each entry.")).toBeTruthy();
  expect(go.disabled).toBe(true);
  fireEvent.change(second as HTMLElement, { target: { value: "s-Polaris" } });
  await waitFor(() => expect(go.disabled).toBe(false));
  const presets = screen.getAllByLabelText("Settings");
  fireEvent.change(presets[1] as HTMLElement, { target: { value: "quick" } });
  fireEvent.click(go);
  expect(await screen.findByText(/“Ten minutes” is planned/)).toBe(document.activeElement);
  const entries = [
    { entry_id: "e-Lantern", dataset: "s-Lantern", spec: spec(8), parent: null },
    { entry_id: "e-Polaris", dataset: "s-Polaris", spec: spec(4), parent: null },
  ];
  expect(post.mock.calls[0]?.[1]).toEqual({
    body: { name: "Ten minutes", seconds: 600, line_seconds: 300, entries },
  });
});

it("says who is at the line, and starts with them only after it was asked", async () => {
  const post = page([RACE]);
  expect(await screen.findByText(/1 of 2 at the line/)).toBeTruthy();
  const lanes = within(screen.getByText("Lantern").closest("ol") as HTMLElement).getAllByRole("listitem");
  expect(lanes.map((lane) => lane.textContent)).toEqual([
    expect.stringMatching(/^1Lantern.*At the line$/),
    expect.stringMatching(/^2Polaris.*In the queue$/),
  ]);
  fireEvent.click(screen.getByText("Start without the others"));
  expect(post).not.toHaveBeenCalled();
  fireEvent.click(screen.getAllByText("Start without the others").at(-1) as HTMLElement);
  await waitFor(() => expect(post.mock.calls[0]?.[0]).toBe("/api/training/races/{race_id}/start"));
});

it("says until when the line waits, whom there is no room for, and who was left behind", async () => {
  const behind = { ...RACE.runs.t2, state: "failed", code: "training.not_at_line" };
  const left = { ...RACE, id: "r2", state: "running", runs: { t2: behind } };
  page([{ ...RACE, line_until: "2026-11-22T20:00:00Z", room: 1 } as TrainingRace, left as unknown as TrainingRace]);
  expect(await screen.findByText(/it starts with who is there\./)).toBeTruthy();
  expect(screen.getByText(/have room for 1 of these 2 runs at once/)).toBeTruthy();
  expect(screen.getByText(/The race began without it/)).toBeTruthy();
});

it("says so on a track that trains nothing", async () => {
  page([], null);
  expect(await screen.findByText("On this season's track nothing is trained.")).toBeTruthy();
  expect(screen.queryByText("Plan a race")).toBeNull();
});

it("takes minutes with point or comma, and no others", () => {
  expect(["10", "0,5", " 1.5 "].map(secondsOf)).toEqual([600, 30, 90]);
  expect(["", "0", "1441", "ten"].map(secondsOf)).toEqual([null, null, null, null]);
});

it("puts what runs before what waits, and what is paused last", () => {
  const of = (id: string, state: string, position?: number) =>
    ({ id, state, created_at: id, waiting: position === undefined ? null : { position } }) as unknown as TrainingRun;
  const line = [of("p", "paused"), of("c", "queued", 2), of("b", "queued", 0), of("a", "running")].sort(inLine);
  expect(line.map(({ id }) => id)).toEqual(["a", "b", "c", "p"]);
});
