import { fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { expect, it } from "vitest";
import "../i18n";
import { Course } from "./Course";
import type { Draft } from "./draft";

const EMPTY: Draft = {
  a: "",
  b: "",
  prompt: "Why?",
  kind: "single",
  followUps: [],
  turns: 3,
  seconds: 60,
  delay: 0,
  level: 0,
};
let draft: Draft;

function Room() {
  const [now, set] = useState(EMPTY);
  draft = now;
  return <Course draft={now} edit={(change) => set((old) => ({ ...old, ...change }))} limit={10} />;
}

const choose = (label: string, value: string) =>
  fireEvent.change(screen.getByRole("combobox", { name: label }), { target: { value } });

it("takes up to five follow-ups, and each can be taken back", () => {
  render(<Room />);
  expect(screen.queryByRole("textbox")).toBeNull();
  choose("How it goes", "follow_up");
  fireEvent.change(screen.getByRole("textbox", { name: "Prompt of turn 2" }), { target: { value: "And then?" } });
  for (let turn = 3; turn <= 6; turn += 1) fireEvent.click(screen.getByRole("button", { name: "Add a turn" }));
  expect(screen.getAllByRole("textbox")).toHaveLength(5);
  expect(screen.queryByRole("button", { name: "Add a turn" })).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Remove: Prompt of turn 3" }));
  expect(draft.followUps).toEqual(["And then?", "", "", ""]);
  fireEvent.change(screen.getByRole("textbox", { name: "Prompt of turn 3" }), { target: { value: "far too long" } });
  expect(screen.getByRole("textbox", { name: "Prompt of turn 3" }).getAttribute("aria-invalid")).toBe("true");
});

it("asks for the turns of a debate", () => {
  render(<Room />);
  choose("How it goes", "debate");
  choose("Turns", "4");
  expect([draft.kind, draft.turns]).toEqual(["debate", 4]);
  expect(screen.getByText(/each side replies to what the other has just said/)).toBeTruthy();
});
