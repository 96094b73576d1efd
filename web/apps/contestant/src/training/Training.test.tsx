import type { Submission, TrainingOptions } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { desk, refusal } from "../testing/desk";
import { OPTIONS, point, SPEC, TRAINING } from "../testing/training";
import { Acts } from "./Acts";
import { RunCurves } from "./RunCurves";
import { RunNow } from "./RunNow";
import { Runs } from "./Runs";
import { TrainCard } from "./TrainCard";

const DATA = {
  id: "s1",
  entry_id: "e1",
  entry_name: "Lantern",
  state: "verified",
  artifact: "dataset",
  digest: "ab",
} as unknown as Submission;
const OPTIONS_AT = "GET /api/training/options?submission_id=s1";
const ORDER_AT = "POST /api/training/runs";

beforeEach(() => {
  setLanguage("en");
  history.replaceState(null, "", "/");
});

function card(order: { status?: number; body: unknown }, options: object = OPTIONS) {
  const shown = desk(<TrainCard submission={DATA} />, {
    "GET /api/seasons/current": { body: { track: { training: { budget: OPTIONS.budget } } } },
    [OPTIONS_AT]: { body: options },
    [ORDER_AT]: order,
  });
  return shown;
}

it("starts a run from a data set in three clicks", async () => {
  const { deeds } = card({ body: TRAINING });
  fireEvent.click(await screen.findByText("Train with this data set"));
  fireEvent.click(await screen.findByLabelText(/^Thorough/));
  fireEvent.click(screen.getByText("Start training"));
  await waitFor(() => expect(location.pathname).toBe("/training/t1"));
  const [[, , body]] = deeds() as [[string, string, string]];
  expect(JSON.parse(body)).toEqual({ entry_id: "e1", dataset: "s1", spec: { ...SPEC, rank: 16 }, parent: null });
});

it("says that nobody knows the time yet, and what it costs", async () => {
  card({ body: TRAINING });
  fireEvent.click(await screen.findByText("Train with this data set"));
  expect(await screen.findByText("about 32,000 tokens")).toBeTruthy();
  expect(screen.getByText(/No run of this season has been measured yet/)).toBeTruthy();
});

it("shows a refused setting at its field, although the fold was closed", async () => {
  card(refusal("training.alpha_too_high", 422, { alpha: 16, limit: 8 }));
  fireEvent.click(await screen.findByText("Train with this data set"));
  fireEvent.click(await screen.findByText("Start training"));
  const field = await screen.findByLabelText("Alpha");
  expect(field.getAttribute("aria-invalid")).toBe("true");
  expect(screen.getByText("With this rank alpha may be 8 at most.")).toBeTruthy();
});

it("does not send what breaks the limits", async () => {
  const { deeds } = card({ body: TRAINING });
  fireEvent.click(await screen.findByText("Train with this data set"));
  const fold = (await screen.findByText(/Advanced settings/)).closest("details") as HTMLDetailsElement;
  fold.open = true;
  fireEvent(fold, new Event("toggle"));
  fireEvent.change(await screen.findByLabelText("Rank"), { target: { value: "99" } });
  expect(screen.getByText("Must be 32 or less.")).toBeTruthy();
  fireEvent.click(screen.getByText("Start training"));
  expect(deeds()).toEqual([]);
});

it("takes the form of the adapter that it goes on with", async () => {
  const { deeds } = card({ body: TRAINING });
  fireEvent.click(await screen.findByText("Train with this data set"));
  const fold = (await screen.findByText(/Advanced settings/)).closest("details") as HTMLDetailsElement;
  fold.open = true;
  fireEvent(fold, new Event("toggle"));
  fireEvent.change(await screen.findByLabelText("Begin with"), { target: { value: "s2" } });
  expect((screen.getByLabelText("Rank") as HTMLInputElement).disabled).toBe(true);
  fireEvent.click(screen.getByText("Start training"));
  await waitFor(() => expect(deeds()).toHaveLength(1));
  const [[, , body]] = deeds() as [[string, string, string]];
  expect(JSON.parse(body)).toMatchObject({ parent: "s2", spec: { rank: 12, alpha: 24, target_modules: ["k_proj"] } });
});

it("names the adapter that cannot be gone on with, and why, and offers the others", async () => {
  const [usable] = OPTIONS.parents as [TrainingOptions["parents"][number]];
  const gone = { ...usable, submission_id: "s9", version: 9, code: "training.parent_gone", reason: "" };
  card({ body: TRAINING }, { ...OPTIONS, unusable_parents: [gone] });
  fireEvent.click(await screen.findByText("Train with this data set"));
  const fold = (await screen.findByText(/Advanced settings/)).closest("details") as HTMLDetailsElement;
  fold.open = true;
  fireEvent(fold, new Event("toggle"));
  const offered = within(await screen.findByLabelText("Begin with")).getAllByRole("option");
  expect(offered.map((one) => one.textContent)).toEqual(["A new adapter", "Lantern v2"]);
  expect(screen.getByText(/Lantern v9 cannot be gone on with: Its config is not in the store/)).toBeTruthy();
});

it("links to the run that has to end first", async () => {
  card({ body: TRAINING }, { ...OPTIONS, under_way: "t7" });
  fireEvent.click(await screen.findByText("Train with this data set"));
  expect((await screen.findByRole("link", { name: "See it" })).getAttribute("href")).toBe("/training/t7");
  expect((screen.getByText("Start training") as HTMLButtonElement).disabled).toBe(true);
});

it("offers nothing on a track that trains nothing", async () => {
  const { sent } = desk(<TrainCard submission={DATA} />, {
    "GET /api/seasons/current": { body: { track: { training: null } } },
  });
  await waitFor(() => expect(sent).toHaveBeenCalled());
  expect(screen.queryByText("Training")).toBeNull();
});

it("pauses at once, and cancels only after it was asked", async () => {
  const { deeds } = desk(<Acts run={TRAINING} />, {
    "POST /api/training/runs/t1/pause": { body: TRAINING },
    "POST /api/training/runs/t1/cancel": { body: TRAINING },
  });
  expect(screen.queryByText("Go on")).toBeNull();
  fireEvent.click(screen.getByText("Pause"));
  await waitFor(() => expect(deeds()).toEqual([["POST", "/api/training/runs/t1/pause", null]]));
  await waitFor(() => expect((screen.getByText("Cancel this run") as HTMLButtonElement).disabled).toBe(false));
  fireEvent.click(screen.getByText("Cancel this run"));
  expect(deeds()).toHaveLength(1);
  fireEvent.click(screen.getAllByText("Cancel this run").at(-1) as HTMLElement);
  await waitFor(() => expect(deeds()).toHaveLength(2));
});

it("says where a run went wrong and what to do, in the reader's language", () => {
  setLanguage("zh");
  const refused = {
    ...TRAINING,
    state: "refused" as const,
    code: "training.row_too_long",
    detail: { row: 17, tokens: 300, limit: 256 },
  };
  desk(<RunNow run={refused}>{null}</RunNow>);
  expect(screen.getByText("有一行比允许的最长词元数更长。")).toBeTruthy();
  expect(screen.getByText("第 17 行 · 300 词元 · 上限 256")).toBeTruthy();
  expect(screen.getByText(/截短这一行/)).toBeTruthy();
});

it("says until when a pause lasts, and what became of one that nobody ended", () => {
  const until = "2026-11-29T20:00:00Z";
  const { again } = desk(<RunNow run={{ ...TRAINING, state: "paused", paused_until: until }}>{null}</RunNow>);
  expect(screen.getByText(/Until .* Then it is cancelled/)).toBeTruthy();
  const over = { ...TRAINING, state: "cancelled" as const, code: "training.pause_over", reason: "It was paused." };
  again(<RunNow run={over}>{null}</RunNow>);
  expect(screen.getByText("It was paused, and nobody went on with it in time.")).toBeTruthy();
});

it("shows the clock alone in a race", () => {
  const raced = { ...TRAINING, race: { id: "r", name: "Ten minutes" }, at_line: true };
  desk(<RunNow run={raced}>{null}</RunNow>);
  expect(screen.getAllByRole("progressbar").map((bar) => bar.getAttribute("aria-label"))).toEqual([
    "1:15 of 1:00:00 on the clock",
  ]);
});

it("reads every drawing at the step that was chosen in one, and has the same figures in a table", () => {
  const points = [point(1, { loss: 3.5 }), point(2, { loss: 2.5, gradient_norm: 0.25 })];
  desk(<RunCurves points={points} until={200} moving />);
  expect(screen.getByText("Step 2 · 0:02")).toBeTruthy();
  const loss = screen.getByRole("slider", { name: "Loss by step" });
  expect(loss.getAttribute("aria-valuetext")).toBe("Step 2: Loss 2.5");
  fireEvent.keyDown(loss, { key: "ArrowLeft" });
  expect(screen.getByRole("slider", { name: "Gradient norm by step" }).getAttribute("aria-valuetext")).toBe(
    "Step 1: Gradient norm 1",
  );
  const fold = screen.getByText("As a table").closest("details") as HTMLDetailsElement;
  fold.open = true;
  fireEvent(fold, new Event("toggle"));
  expect(screen.getByRole("cell", { name: "0.25" })).toBeTruthy();
});

it("lays two to four of an entry's runs side by side", async () => {
  const others = ["t1", "t2", "t3"].map((id) => ({ ...TRAINING, id }));
  desk(<Runs entry="e1" />, {
    "GET /api/training/runs": { body: [...others, { ...TRAINING, id: "t9", entry_id: "another" }] },
  });
  const boxes = await screen.findAllByRole("checkbox");
  expect(boxes).toHaveLength(3);
  fireEvent.click(boxes[0] as HTMLElement);
  expect((screen.getByText("Compare") as HTMLButtonElement).disabled).toBe(true);
  fireEvent.click(boxes[2] as HTMLElement);
  fireEvent.click(screen.getByText("Compare 2 runs"));
  expect(location.pathname).toBe("/training/compare/t1,t3");
});
