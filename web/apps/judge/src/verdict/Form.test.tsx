import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { Form } from "./Form";
import type { VerdictInHand } from "./useVerdict";

function show(change: Partial<VerdictInHand> = {}, teaches = true) {
  const choose = vi.fn();
  const submit = vi.fn();
  const verdict = {
    draft: { choice: "left", note: "" },
    saved: null,
    known: true,
    unknownWhy: null,
    changed: true,
    busy: false,
    stuck: false,
    error: null,
    choose,
    submit,
    write: vi.fn(),
    takeBack: vi.fn(),
    ...change,
  } as VerdictInHand;
  render(<Form verdict={verdict} teaches={teaches} />);
  return { choose, submit };
}

const radio = (name: string) => screen.getByRole<HTMLInputElement>("radio", { name });

it.each([true, false])("says that a model may learn from the verdict only where that is so: %s", (teaches) => {
  show({}, teaches);
  expect(screen.queryByText(/may train a model/) !== null).toBe(teaches);
});

it("offers the four choices as radio buttons, which bring their arrow keys along", () => {
  const { choose } = show();
  const radios = screen.getAllByRole<HTMLInputElement>("radio");
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
