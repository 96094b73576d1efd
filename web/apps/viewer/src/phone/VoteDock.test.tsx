import { ApiError } from "@gavel/api";
import { fireEvent, render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { VoteDock } from "./VoteDock";
import type { Vote } from "./vote";

const receipt = { shard: 0, seq: 12406, leaf: "ab", nonce: "cd", at: "2026-11-21T12:00:00.000000Z" };
const left = { choice: "left", n: 1, receipt };

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

it("shows the receipt, marks the choice and takes a change", () => {
  const cast = show({ step: "counted", ...left });
  expect(screen.getByRole("status").textContent).toContain("receipt #12,407");
  expect(button("Left is better").getAttribute("aria-pressed")).toBe("true");
  fireEvent.click(button("Right is better"));
  expect(cast).toHaveBeenCalledWith("right");
});

it("asks before a vote is changed, and shows which one counts until then", () => {
  show({ step: "confirm", choice: "right", was: left });
  expect(screen.getByRole("status").textContent).toContain("“Right is better” once more");
  expect(button("Left is better").getAttribute("aria-pressed")).toBe("true");
});

it("says that a change was counted", () => {
  show({ step: "counted", ...left, n: 2 });
  expect(screen.getByRole("status").textContent).toContain("Changed");
});

it("says honestly that a vote was not counted, and which one is", () => {
  const error = new ApiError("vote.window_closed", "", 409);
  show({ step: "refused", choice: "right", error, stands: left }, false);
  expect(screen.getByRole("alert").textContent).toContain("not counted");
  expect(screen.getByRole("alert").textContent).toContain("You chose “Left is better”");
});

it("takes no new vote after the close", () => {
  show({ step: "ready" }, false);
  for (const choice of screen.getAllByRole<HTMLButtonElement>("button")) expect(choice.disabled).toBe(true);
});
