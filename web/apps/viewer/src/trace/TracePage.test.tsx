import { ApiError, type Attention, api, type Trace } from "@gavel/api";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import TracePage from "./TracePage";

const step = (text: string, probability: number, ...others: [string | null, number][]) => ({
  text,
  probability,
  entropy: 1.5,
  margin: 0.2,
  surprise: 1,
  alternatives: others.map(([word, chance]) => ({ text: word, probability: chance })),
});

const STEPS = [
  step("The", 0.5, ["A", 0.3]),
  step(" tide", 0.25, [" moon", 0.5], [null, 0.05]),
  step(".", 0.9, ["\n", 0.04]),
  step("", 0.99, [" And", 0.001]),
];
const NONE = { state: "none", reason: null, progress: null, deadline: null };

function trace(changes: object = {}): Trace {
  const side = (name: string) => ({
    entry: { id: name, name, kind: "contestant" },
    text: "The tide.",
    finish_reason: "stop",
    off_air: null,
    ai_generated: true,
    steps: STEPS,
    attention: NONE,
  });
  return {
    duel_id: "d",
    episode_id: "e",
    number: 3,
    turn: 1,
    turns: 1,
    prompt: "Why?",
    temperature: 0.8,
    left: { ...side("Lantern"), ...changes },
    right: side("Northstar"),
  } as unknown as Trace;
}

const rows = {
  sources: [[0], [1, 0], [0, 2], [0, 3], [2, 1, 0], [0, 5]],
  weights: [[10_000], [6000, 4000], [9000, 1000], [5000, 5000], [5000, 3000, 1000], [9000, 1000]],
};
const MAP = {
  diagnostic: true,
  ai_generated: true,
  base_model: "gemma-3-270m",
  tokens: [
    { kind: "mark", text: "" },
    { kind: "system", text: "" },
    { kind: "prompt", text: "Why" },
    { kind: "answer", text: "The" },
    { kind: "answer", text: " tide" },
    { kind: "answer", text: "." },
  ],
  answer_from: 3,
  cut: true,
  layers: [
    { kind: "sliding", window: 512, ...rows },
    { kind: "global", window: null, ...rows },
  ],
  rollout: { kind: "rollout", window: null, ...rows },
} as unknown as Attention;

function answers(with_: Record<string, unknown>) {
  vi.spyOn(api, "get").mockImplementation(((path: string) => {
    const found = with_[path.endsWith("trace") ? "trace" : "attention"];
    return found instanceof Error ? Promise.reject(found) : Promise.resolve(found);
  }) as never);
}

beforeEach(() => {
  vi.restoreAllMocks();
});

const left = async () => within(await screen.findByRole("region", { name: "Left" }));

it("moves along the tokens with the arrow keys, and says what is there", async () => {
  answers({ trace: trace() });
  render(<TracePage duel="d" />);
  const side = await left();
  const curve = side.getByRole("slider", { name: /Curve/ });
  expect(curve.getAttribute("aria-valuenow")).toBe("1");
  expect(curve.getAttribute("aria-valuetext")).toContain("“The”, 50%");
  fireEvent.keyDown(curve, { key: "ArrowRight" });
  expect(curve.getAttribute("aria-valuetext")).toContain("“␣tide”, 25%");
  expect(curve.getAttribute("aria-valuetext")).toContain("␣moon 50%");
  expect(curve.getAttribute("aria-valuetext")).toContain("(may not be shown) 5%");
  fireEvent.keyDown(curve, { key: "End" });
  expect(curve.getAttribute("aria-valuenow")).toBe("4");
  fireEvent.keyDown(curve, { key: "ArrowRight" });
  expect(curve.getAttribute("aria-valuenow")).toBe("4");
  fireEvent.keyDown(curve, { key: "Home" });
  fireEvent.keyDown(curve, { key: "ArrowLeft" });
  expect(curve.getAttribute("aria-valuenow")).toBe("1");
  const other = within(screen.getByRole("region", { name: "Right" })).getByRole("slider", { name: /Curve/ });
  expect(other.getAttribute("aria-valuenow")).toBe("1");
});

it("shows the alternatives of the token under the pointer or the finger, the likeliest first", async () => {
  answers({ trace: trace() });
  render(<TracePage duel="d" />);
  const side = await left();
  fireEvent.click(side.getByText("tide", { exact: false, selector: "p > span" }));
  const panel = within(side.getByRole("region", { name: "Left: What was likely here" }));
  const words = panel.getAllByRole("listitem").map((item) => item.textContent);
  expect(words).toEqual(["␣moon50%", "␣tidesaid25%", "(may not be shown)5%"]);
  expect(side.getByText("What was never said is moderated", { exact: false })).toBeTruthy();
});

it("says the same as a table", async () => {
  answers({ trace: trace() });
  render(<TracePage duel="d" />);
  const side = await left();
  const details = side.getByText("The same as a table").closest("details") as HTMLDetailsElement;
  expect(side.queryByRole("table")).toBeNull();
  details.open = true;
  fireEvent(details, new Event("toggle"));
  expect(side.getAllByRole("row")).toHaveLength(STEPS.length + 1);
  expect(side.getByRole("rowheader", { name: "␣tide" })).toBeTruthy();
});

it.each([
  [new ApiError("trace.not_revealed", "", 403), "Not revealed yet"],
  [new ApiError("duel.not_found", "", 404), "There is no such duel"],
  [new ApiError("request.invalid", "", 422), "There is no such duel"],
])("%s has words of its own", async (error, words) => {
  answers({ trace: error });
  render(<TracePage duel="d" />);
  expect(await screen.findByText(words)).toBeTruthy();
});

it("offers to try again when something is broken", async () => {
  answers({ trace: new ApiError("internal", "It broke.", 500) });
  render(<TracePage duel="d" />);
  expect(await screen.findByRole("alert")).toBeTruthy();
});

it("tells nothing of an answer behind a card", async () => {
  answers({ trace: trace({ off_air: "replaced", text: "", steps: [] }) });
  render(<TracePage duel="d" />);
  const side = await left();
  expect(side.getByText("A card stands where this answer was.", { exact: false })).toBeTruthy();
  expect(side.queryByRole("slider")).toBeNull();
});

it("says how far the lab is, and why it failed", async () => {
  const running = { state: "running", reason: null, progress: { done: 1, total: 3, note: "loading" }, deadline: null };
  answers({ trace: trace({ attention: running }) });
  const { unmount } = render(<TracePage duel="d" />);
  expect((await left()).getByRole("status").textContent).toContain("A lab is reading the answer");
  expect((await left()).getByRole("progressbar", { name: "loading" })).toBeTruthy();
  unmount();
  const failed = { state: "failed", reason: "The prompt alone is too long.", progress: null, deadline: null };
  answers({ trace: trace({ attention: failed }) });
  render(<TracePage duel="d" />);
  expect((await left()).getByRole("status").textContent).toContain("The prompt alone is too long.");
});

it("shows for the chosen token where each layer looked, and keeps the system prompt's words", async () => {
  answers({
    trace: trace({ attention: { ...NONE, state: "done" } }),
    attention: MAP,
  });
  render(<TracePage duel="d" />);
  const side = await left();
  fireEvent.click(side.getByRole("button", { name: "Show the attention of this answer" }));
  const layers = await side.findByRole("slider", { name: /Layer/ });
  expect(layers.getAttribute("aria-valuetext")).toBe("Layer 2 · global");
  fireEvent.keyDown(layers, { key: "ArrowDown" });
  expect(layers.getAttribute("aria-valuetext")).toBe("All layers together");
  expect(side.getByText("Diagnostic view, not the cause")).toBeTruthy();
  fireEvent.keyDown(layers, { key: "ArrowUp" });
  expect(layers.getAttribute("aria-valuetext")).toBe("Layer 2 · global");
  fireEvent.keyDown(layers, { key: "Home" });
  expect(layers.getAttribute("aria-valuetext")).toBe("Layer 1 · sliding 512");
  const looked = () => side.getAllByRole("listitem").map((item) => item.textContent);
  // The first token of the answer was written by the last one of the prompt.
  expect(looked()).toContain("beginning of the text 1, 90%");
  const curve = side.getByRole("slider", { name: /Curve/ });
  fireEvent.keyDown(curve, { key: "ArrowRight" });
  fireEvent.keyDown(curve, { key: "ArrowRight" });
  expect(looked()).toContain("system prompt 2, 30%");
  expect(looked()).toContain("“Why” (prompt 3), 50%");
  fireEvent.keyDown(curve, { key: "End" });
  expect(side.getByText("this token lies behind it", { exact: false })).toBeTruthy();
});
