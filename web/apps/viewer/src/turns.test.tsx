import type { Stage, StageDuel, StageSide } from "@gavel/api";
import { render, screen, within } from "@testing-library/react";
import { expect, it } from "vitest";
import { Announcer } from "./phone/Announcer";
import { Duel, Locked } from "./phone/Round";
import { Header } from "./stage/Header";
import { Round } from "./stage/Round";

const side = (text: string, change: Partial<StageSide> = {}): StageSide => ({
  text,
  tokens: 3,
  finished: true,
  off_air: null,
  ai_generated: true,
  ...change,
});
const turn = (number: number) => ({
  turn: number,
  prompt: `Question ${number}`,
  left: side(`left ${number}`),
  right: side(`right ${number}`, number === 1 ? { text: "", off_air: "replaced" } : {}),
});
const duel: StageDuel = {
  id: "d",
  number: 1,
  prompt: "Question 1",
  kind: "follow_up",
  turn: 3,
  turns: 4,
  asked: "Question 3",
  state: "live",
  forfeit: null,
  left: side("left 3", { finished: false }),
  right: side("right 3", { finished: false }),
  earlier: [turn(1), turn(2)],
};
const plain: StageDuel = { ...duel, kind: "single", turn: 1, turns: 1, asked: "Question 1", earlier: [] };
const stage = (about: StageDuel) =>
  ({ episode: { number: 3, title: "Tonight" }, phase: "duel", duel: about, ballot: null, result: null }) as Stage;

// jsdom has no layout, so nothing scrolls in it.
Element.prototype.scrollTo = () => {};

it("shows a phone what is asked now, and keeps what was said before at hand", () => {
  render(<Duel duel={duel} />);
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Question 3");
  expect(screen.getByText("Follow-ups · turn 3 of 4")).toBeTruthy();
  const earlier = screen.getByRole("region", { name: "Earlier turns" });
  const turns = within(earlier).getAllByRole("group");
  expect(turns.map((one) => one.querySelector("summary")?.textContent)).toEqual([
    "Turn 1Question 1",
    "Turn 2Question 2",
  ]);
  expect(turns.every((one) => !(one as HTMLDetailsElement).open)).toBe(true);
  expect(within(turns[0] as HTMLElement).getByText("This answer was taken off air")).toBeTruthy();
  expect(within(turns[1] as HTMLElement).getByText("right 2")).toBeTruthy();
});

it("opens the whole conversation when it is to be judged", () => {
  const ballot = { id: "b", counted: 0, judges: { total: 0 }, root: null } as never;
  render(<Locked duel={{ ...duel, turn: 4, asked: "Question 4", state: "answered" }} ballot={ballot} />);
  expect(screen.getAllByRole("group").every((one) => (one as HTMLDetailsElement).open)).toBe(true);
});

it("says of a debate that each replies to the other, under its one topic", () => {
  render(<Duel duel={{ ...duel, kind: "debate", asked: "Question 1" }} />);
  expect(screen.getByText("Each opens on the topic")).toBeTruthy();
  expect(screen.getByText("Each replies to the other")).toBeTruthy();
  expect(screen.getByRole("heading", { level: 1 }).textContent).toBe("Question 1");
});

it("has on stage the turn on air large, and a line for each one before it", () => {
  render(<Round stage={stage(duel)} board={null} duel={duel} serverNow={Date.now} joinUrl="" polls={null} />);
  const left = screen.getByRole("region", { name: "Left" });
  const lines = within(within(left).getByRole("list", { name: "Earlier turns" })).getAllByRole("listitem");
  expect(lines.map((line) => line.textContent)).toEqual(["1left 1", "2left 2"]);
  expect(within(left).getByText("left 3")).toBeTruthy();
});

it("names the turn in the header and to a screen reader", () => {
  render(<Header stage={stage(duel)} serverNow={() => 0} />);
  expect(screen.getByText(/Duel 1 · Follow-ups · turn 3 of 4/)).toBeTruthy();
  expect(screen.getByRole("heading").textContent).toBe("Question 3");
  render(<Announcer stage={stage(duel)} />);
  expect(screen.getByText(/turn 3 of 4\. Prompt: Question 3/)).toBeTruthy();
});

it("says nothing of turns in a plain duel", () => {
  render(<Duel duel={plain} />);
  render(<Header stage={stage(plain)} serverNow={() => 0} />);
  expect(screen.queryByText(/turn/i)).toBeNull();
  expect(screen.queryByRole("group")).toBeNull();
});
