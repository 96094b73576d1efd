import type { Criterion, JudgeDesk } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Form } from "./Form";
import type { VerdictInHand } from "./useVerdict";

const anchors = ["a", "b", "c", "d", "e"] as Criterion["anchors_en"];
const rubric = ["helpful", "correct"].map((id) => ({ id, zh: id, en: id, anchors_zh: anchors, anchors_en: anchors }));
const desk = { rubric, scores: "optional" } as JudgeDesk;

function show(change: Partial<VerdictInHand> = {}, teaches = true) {
  const choose = vi.fn();
  const submit = vi.fn();
  const score = vi.fn();
  const verdict = {
    draft: { choice: "left", note: "", scores: { helpful: { left: 5 } } },
    saved: null,
    known: true,
    unknownWhy: null,
    changed: true,
    busy: false,
    stuck: false,
    error: null,
    choose,
    submit,
    score,
    write: vi.fn(),
    takeBack: vi.fn(),
    ...change,
  } as VerdictInHand;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Form verdict={verdict} desk={desk} teaches={teaches}>
        <p>Both answers</p>
      </Form>
    </QueryClientProvider>,
  );
  return { choose, submit, score };
}

const radio = (name: string) => screen.getByRole<HTMLInputElement>("radio", { name });

it.each([true, false])("says that a model may learn from the verdict only where that is so: %s", (teaches) => {
  show({}, teaches);
  expect(screen.queryByText(/may train a model/) !== null).toBe(teaches);
});

it("offers the four choices as radio buttons, which bring their arrow keys along", () => {
  const { choose } = show();
  const group = screen.getByRole("group", { name: "Which answer is better?" });
  const radios = within(group).getAllByRole<HTMLInputElement>("radio");
  expect(new Set(radios.map(({ name }) => name)).size).toBe(1);
  expect(radio("Left is better").checked).toBe(true);
  fireEvent.click(radio("Both are bad"));
  expect(choose).toHaveBeenCalledExactlyOnceWith("both_bad");
});

it.each([
  ["a", "left"],
  ["B", "right"],
  ["t", "tie"],
  ["x", "both_bad"],
])("takes %s for %s inside the form", (key, choice) => {
  const { choose } = show();
  fireEvent.keyDown(radio("Left is better"), { key });
  expect(choose).toHaveBeenCalledExactlyOnceWith(choice);
});

it("leaves the keys of the page, the browser and the note alone", () => {
  const { choose, submit } = show();
  for (const key of ["a", "t", "ArrowDown", "ArrowLeft"]) fireEvent.keyDown(document.body, { key });
  fireEvent.keyDown(radio("Left is better"), { key: "ArrowDown" });
  fireEvent.keyDown(radio("Left is better"), { key: "a", ctrlKey: true });
  fireEvent.keyDown(radio("Left is better"), { key: "x", repeat: true });
  fireEvent.keyDown(screen.getByRole("textbox"), { key: "t" });
  expect(choose).not.toHaveBeenCalled();
  expect(submit).not.toHaveBeenCalled();
});

it("submits with Ctrl+Enter, also from the note, but not in the middle of an input method's word", () => {
  const { submit } = show();
  const note = screen.getByRole("textbox");
  fireEvent.keyDown(note, { key: "Enter", ctrlKey: true, isComposing: true });
  expect(submit).not.toHaveBeenCalled();
  fireEvent.keyDown(note, { key: "Enter", ctrlKey: true });
  fireEvent.keyDown(note, { key: "Enter", metaKey: true });
  expect(submit).toHaveBeenCalledTimes(2);
});

it("takes digits for the scores, in their order, or where the focus is", () => {
  const { choose, score } = show();
  fireEvent.keyDown(radio("Left is better"), { key: "3" });
  expect(score).toHaveBeenLastCalledWith("helpful", "right", 3);
  expect(document.activeElement?.closest("[data-slot]")?.getAttribute("data-slot")).toBe("correct.left");
  fireEvent.keyDown(document.activeElement as Element, { key: "2" });
  expect(score).toHaveBeenLastCalledWith("correct", "left", 2);
  fireEvent.keyDown(screen.getByRole("textbox"), { key: "4" });
  fireEvent.keyDown(radio("Left is better"), { key: "6" });
  expect(score).toHaveBeenCalledTimes(2);
  expect(choose).not.toHaveBeenCalled();
});

it("says for each score what it means, and whose it is", () => {
  const { score } = show();
  const group = screen.getByRole("group", { name: "Right · correct" });
  fireEvent.click(within(group).getByRole("radio", { name: "4: d" }));
  expect(score).toHaveBeenCalledExactlyOnceWith("correct", "right", 4);
});

it("lets a judge stand by the first word in a second look", () => {
  const saved = { choice: "left" as const, note: "", scores: {} };
  const { submit } = show({ saved, changed: false, confirms: true });
  fireEvent.click(screen.getByRole("button", { name: /Keep my verdict/ }));
  expect(submit).toHaveBeenCalledOnce();
});
