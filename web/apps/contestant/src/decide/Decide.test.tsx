import type { Entry, Season, Submission } from "@gavel/api";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { desk, refusal } from "../testing/desk";
import { Competing } from "./Competing";
import { Decide } from "./Decide";

afterEach(() => vi.unstubAllGlobals());

const open = { closes_at: null } as Season;
const closed = { closes_at: "2020-01-01T00:00:00Z" } as Season;
const submission = { id: "s2", version: 2, state: "ready" } as Submission;
const entry = { id: "e1", name: "Lantern", team: null, decides: true, competing: null } as unknown as Entry;
const button = (name: RegExp | string) => screen.getByRole<HTMLButtonElement>("button", { name });

it("lets a version compete at one press", async () => {
  const { deeds } = desk(<Decide submission={submission} entry={entry} season={open} />, {
    "PUT /api/entries/e1/competing": { body: {} },
  });
  fireEvent.click(button("Let it compete: v2"));
  await waitFor(() => expect(deeds()).toEqual([["PUT", "/api/entries/e1/competing", '{"submission_id":"s2"}']]));
});

it("asks before it withdraws, and says what that means", async () => {
  const { deeds } = desk(<Decide submission={submission} entry={entry} season={open} />, {
    "POST /api/submissions/s2/withdraw": { body: {} },
  });
  fireEvent.click(button("Withdraw: v2"));
  expect(deeds()).toEqual([]);
  const dialog = within(screen.getByRole("dialog"));
  dialog.getByText(/Duels that have begun and all records stay/);
  fireEvent.click(dialog.getByRole("button", { name: "Withdraw" }));
  await waitFor(() => expect(deeds()).toEqual([["POST", "/api/submissions/s2/withdraw", null]]));
});

it("shows after the deadline what is settled and why, and says that a withdrawal is for good", () => {
  desk(<Decide submission={submission} entry={entry} season={closed} />);
  const choose = button("Let it compete: v2");
  expect(choose.disabled).toBe(true);
  const why = document.getElementById(choose.getAttribute("aria-describedby") ?? "");
  expect(why?.textContent).toBe("The deadline has passed: what competes is settled.");
  fireEvent.click(button("Withdraw: v2"));
  within(screen.getByRole("dialog")).getByText("The deadline has passed: it cannot be restored.");
});

it("offers nothing to those of a team who do not decide", () => {
  desk(<Decide submission={submission} entry={{ ...entry, decides: false }} season={open} />);
  expect(screen.queryAllByRole("button")).toEqual([]);
});

it("says why a choice was refused", async () => {
  desk(<Decide submission={submission} entry={entry} season={open} />, {
    "PUT /api/entries/e1/competing": refusal("submission.not_ready", 409),
  });
  fireEvent.click(button("Let it compete: v2"));
  expect((await screen.findByRole("alert")).textContent).toContain("Only a version that is ready");
});

it("leads back to the newest ready version when another was chosen", async () => {
  const competing = { submission_id: "s1", version: 1, chosen: true };
  const { deeds } = desk(<Competing entry={{ ...entry, competing }} season={open} />, {
    "PUT /api/entries/e1/competing": { body: {} },
  });
  screen.getByText(/you chose it/);
  fireEvent.click(button("Back to the newest ready one"));
  await waitFor(() => expect(deeds()).toEqual([["PUT", "/api/entries/e1/competing", '{"submission_id":null}']]));
});
