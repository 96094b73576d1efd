import type { StagePoll } from "@gavel/api";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import "../i18n";
import { keptOf } from "../phone/kept";
import { useVote } from "../phone/useVote";
import PhonePolls from "./PhonePolls";
import StagePolls from "./StagePolls";

vi.mock("../phone/useVote");

function made(change: object): StagePoll {
  return {
    id: "p",
    kind: "question",
    state: "open",
    question_zh: "问什么？",
    question_en: "",
    options: [
      { id: "q1", zh: "月亮", en: "The moon" },
      { id: "q2", zh: "海", en: "" },
    ],
    opens_at: new Date(Date.now() - 1_000).toISOString(),
    closes_at: new Date(Date.now() + 60_000).toISOString(),
    delays: { hall: 0 },
    counted: 7,
    threshold: null,
    triggered: false,
    result: null,
    ...change,
  } as unknown as StagePoll;
}

function show(change: object, vote: object = { step: "ready" }) {
  const cast = vi.fn();
  vi.mocked(useVote).mockReturnValue({ vote, cast } as never);
  const poll = made(change);
  render(<PhonePolls episode="e" polls={[poll]} serverNow={Date.now} />);
  return cast;
}

it("takes one tap, and falls back to the language that the producer wrote", () => {
  const cast = show({});
  expect(screen.getByRole("heading").textContent).toBe("问什么？");
  fireEvent.click(screen.getByRole("button", { name: "海" }));
  expect(cast).toHaveBeenCalledWith("q2");
  expect(screen.getByText("7 votes counted")).toBeTruthy();
});

it("says counted when the server has said so, and which one before it is changed", () => {
  show({}, { step: "counted", choice: "q1", n: 1 });
  expect(screen.getByRole("status").textContent).toBe("✓ Your vote is counted. Tap another to change it.");
  expect(screen.getByRole("button", { name: "The moon", pressed: true })).toBeTruthy();
  document.body.replaceChildren();
  show({}, { step: "confirm", choice: "q2", was: { choice: "q1", n: 1 } });
  expect(screen.getByRole("status").textContent).toContain("“海”");
});

it("takes nothing after the close, and shows the result when it is published", () => {
  show({ state: "certified" }, { step: "counted", choice: "q1", n: 1 });
  for (const button of screen.getAllByRole("button")) expect((button as HTMLButtonElement).disabled).toBe(true);
  expect(screen.getByText(/Counted and sealed/)).toBeTruthy();
  document.body.replaceChildren();
  show({ state: "published", result: { counted: { q1: 2, q2: 5 }, flagged: {}, levels: { 1: 7 }, seats: {} } });
  expect(screen.getAllByRole("listitem").map((one) => one.textContent)).toEqual(["海5 votes", "The moon2 votes"]);
  expect(screen.getByRole("row").textContent).toBe("Phones that had computed something7");
});

it("keeps what it was given, so that this vote can be checked as a duel's", () => {
  const receipt = { shard: 0, seq: 4, leaf: "ab", nonce: "cd", at: "" };
  const root = "ef".repeat(32);
  show({ id: "mine", state: "certified", root }, { step: "counted", choice: "q1", n: 1, receipt });
  expect(keptOf("mine")).toEqual({ vote: { choice: "q1", n: 1, receipt }, root });
  document.body.replaceChildren();
  show({ id: "mine", state: "published", root, result: { counted: { q1: 1 }, flagged: {}, levels: {}, seats: {} } });
  expect(screen.getByRole("link", { name: /Check my vote/ }).getAttribute("href")).toBe("/check/mine");
});

it("shows the hall all options or none", () => {
  const options = Array.from({ length: 7 }, (_, index) => ({ id: `q${index}`, zh: "", en: `Option ${index}` }));
  const stage = (polls: StagePoll[]) =>
    render(<StagePolls polls={polls} serverNow={Date.now} over={false} board={false} />);
  stage([made({ options })]);
  expect(screen.queryByText("Option 0")).toBeNull();
  expect(screen.getByText("7 options, on your phone")).toBeTruthy();
  stage([made({ options: options.slice(0, 6) })]);
  expect(screen.getByText("Option 5")).toBeTruthy();
});
