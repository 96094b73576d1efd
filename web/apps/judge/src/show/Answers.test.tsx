import type { StageDuel, StageSide } from "@gavel/api";
import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import "../i18n";
import { Answers } from "./Answers";

const side = (text: string): StageSide => ({ text, tokens: 1, finished: true, off_air: null, ai_generated: true });
const duel: StageDuel = {
  id: "d",
  number: 1,
  prompt: "Why?",
  kind: "follow_up",
  turn: 2,
  turns: 2,
  asked: "And then?",
  state: "answered",
  forfeit: null,
  left: side("left now"),
  right: side("right now"),
  earlier: [{ turn: 1, prompt: "Why?", left: side("left before"), right: side("right before") }],
};

it("lets a judge read the whole conversation in its order", () => {
  const { container } = render(<Answers duel={duel} />);
  const words = container.textContent ?? "";
  const places = ["left before", "right before", "And then?", "left now", "right now"].map((one) => words.indexOf(one));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places[0]).toBeGreaterThan(-1);
  expect((screen.getByRole("group") as HTMLDetailsElement).open).toBe(true);
  expect(screen.getByRole("heading", { level: 2 }).textContent).toBe("Follow-ups · turn 2 of 2And then?");
});
