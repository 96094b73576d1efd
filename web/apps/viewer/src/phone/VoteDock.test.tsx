import { ApiError } from "@gavel/api";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { VoteDock } from "./VoteDock";
import type { Vote } from "./vote";

const receipt = { number: 12407, leaf: "ab", nonce: "cd", at: "2026-11-21T12:00:00Z" };

function show(vote: Vote, open = true, teaches = false) {
  const cast = vi.fn();
  render(<VoteDock vote={vote} cast={cast} open={open} counted={3} teaches={teaches} />);
  return cast;
}

const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });

it("offers four choices and sends one tap", () => {
  const cast = show({ step: "ready" });
  expect(screen.getAllByRole("button")).toHaveLength(4);
  fireEvent.click(button("Both are bad"));
  expect(cast).toHaveBeenCalledWith("both_bad");
});

it("says before the vote that a model may learn from it, where the season has declared so", () => {
  show({ step: "ready" });
  expect(screen.queryByText(/AI/)).toBeNull();
  show({ step: "ready" }, true, true);
  expect(screen.getByText(/tallies may train AI/)).toBeTruthy();
});

it("does not say counted before the receipt", () => {
  show({ step: "sending", choice: "left", tries: 0 });
  expect(screen.getByRole("status").textContent).toContain("Sending");
  expect(screen.queryByText(/Counted/)).toBeNull();
  expect(button("Right is better").disabled).toBe(true);
});

it("shows the receipt, marks the choice and answers a second tap", () => {
  show({ step: "counted", choice: "left", receipt, again: true });
  expect(screen.getByRole("status").textContent).toContain("receipt #12,407");
  expect(screen.getByRole("status").textContent).toContain("already counted");
  expect(button("Left is better").getAttribute("aria-pressed")).toBe("true");
});

it("says honestly that a vote was not counted", () => {
  show({ step: "refused", choice: "left", error: new ApiError("vote.window_closed", "", 409) }, false);
  expect(screen.getByRole("alert").textContent).toContain("not counted");
});

it("takes no new vote after the close", () => {
  show({ step: "ready" }, false);
  for (const choice of screen.getAllByRole<HTMLButtonElement>("button")) expect(choice.disabled).toBe(true);
});
