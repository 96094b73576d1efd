import type { Practice, PracticeVoice, Submission } from "@gavel/api";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { desk, refusal } from "../testing/desk";
import { Ask } from "./Ask";
import { Ended } from "./Exchange";

afterEach(() => vi.unstubAllGlobals());

const voice = (change: Partial<PracticeVoice> = {}): PracticeVoice => ({
  text: " It falls because it must.",
  tokens: 7,
  finished: true,
  refused: null,
  ai_generated: true,
  ...change,
});
const practice = (change: Partial<Practice> = {}): Practice => ({
  id: "p1",
  entry_id: "e1",
  submission_id: "s2",
  version: 2,
  prompt: "Why does the gavel fall?",
  state: "answered",
  reason: null,
  waiting: null,
  mine: voice(),
  house: voice({ text: "So they say." }),
  created_at: "2026-11-21T12:00:00Z",
  ...change,
});

it("labels both answers as made by AI", () => {
  desk(<Ended practice={practice()} />);
  expect(screen.getAllByText("AI-generated")).toHaveLength(2);
  screen.getByText("It falls because it must.");
  screen.getByRole("heading", { name: "Your v2" });
});

it("says that an answer is not shown, and why", () => {
  const refused = { text: "", refused: "profanity" };
  desk(<Ended practice={practice({ mine: voice(refused), house: voice({ ...refused, refused: "unchecked" }) })} />);
  screen.getByText(/holds words that are not shown here/);
  screen.getByText(/cannot be checked at the moment/);
});

it("says what it waits for and until when", () => {
  const waiting = { reason: "the engine is on air", deadline: "2026-11-21T12:15:00Z" };
  desk(<Ended practice={practice({ state: "queued", waiting })} />);
  expect(screen.getByRole("status").textContent).toMatch(
    /^The engine is on air; your practice waits\. At the latest until \d\d:\d\d:\d\d\.$/,
  );
  expect(screen.queryByText("AI-generated")).toBeNull();
});

it("deletes what was tried", async () => {
  const { deeds } = desk(<Ended practice={practice()} />, { "DELETE /api/practice/p1": { body: { ok: true } } });
  fireEvent.click(screen.getByRole("button", { name: /^Delete/ }));
  await waitFor(() => expect(deeds()).toEqual([["DELETE", "/api/practice/p1", null]]));
});

const versions = [{ id: "s2", version: 2 }] as Submission[];
const SENT = "POST /api/submissions/s2/practice";
const box = () => screen.getByRole<HTMLTextAreaElement>("textbox");
const write = (value: string) => fireEvent.change(box(), { target: { value } });

it("sends the prompt at Ctrl + Enter and empties the box", async () => {
  const { deeds } = desk(<Ask entry="e1" versions={versions} limit={30} busy={false} />, {
    [SENT]: { status: 201, body: practice() },
  });
  write("  Why does it fall?\n");
  fireEvent.keyDown(box(), { key: "Enter", ctrlKey: true });
  await waitFor(() => expect(box().value).toBe(""));
  expect(deeds()).toEqual([["POST", "/api/submissions/s2/practice", '{"prompt":"Why does it fall?"}']]);
});

it("keeps the prompt that was refused, and says why", async () => {
  desk(<Ask entry="e1" versions={versions} limit={30} busy={false} />, {
    [SENT]: refusal("practice.too_many", 429, { limit: 20, minutes: 10 }),
  });
  write("Why?");
  fireEvent.click(screen.getByRole("button"));
  expect((await screen.findByRole("alert")).textContent).toContain("20 prompts in 10 minutes");
  expect(box().value).toBe("Why?");
});

it.each([
  ["nothing", "   ", false],
  ["too much", "x".repeat(31), false],
  ["a second one at a time", "Why?", true],
])("does not send %s", (_, prompt, busy) => {
  const { sent } = desk(<Ask entry="e1" versions={versions} limit={30} busy={busy} />);
  write(prompt);
  fireEvent.keyDown(box(), { key: "Enter", ctrlKey: true });
  expect(screen.getByRole<HTMLButtonElement>("button").disabled).toBe(true);
  expect(sent).not.toHaveBeenCalled();
});
