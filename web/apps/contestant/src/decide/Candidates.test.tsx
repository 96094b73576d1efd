import type { Candidate, Entry } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { desk, refusal } from "../testing/desk";
import { Candidates } from "./Candidates";

beforeEach(() => setLanguage("en"));
afterEach(() => vi.unstubAllGlobals());

const entry = { id: "e1", name: "Lantern", decides: true } as unknown as Entry;
const CANDIDATE: Candidate = {
  run_id: "t1",
  made_at: "2026-11-22T20:00:00Z",
  parent: { submission_id: "s3", entry_id: "e1", entry: "Lantern", version: 3, state: "ready" },
  state: "ready",
  pairs: 5,
  margin_before: 0.1,
  margin_after: 0.4,
  promoted: null,
  obstacle: null,
};

function beside(candidates: Candidate[], of = entry, answers = {}) {
  return desk(<Candidates entry={of} />, { "GET /api/candidates": { body: candidates }, ...answers });
}

it("lets a candidate compete, once it was asked about", async () => {
  const where = "/api/candidates/t1/promote";
  const { deeds } = beside([CANDIDATE], entry, { [`POST ${where}`]: { body: {} } });
  expect(await screen.findByText(/Beside v3: .* on 5 pairs/)).toBeTruthy();
  expect(screen.getByText("Margin on held-out pairs 0.1 → 0.4")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Let it compete" }));
  expect(deeds()).toEqual([]);
  const dialog = within(screen.getByRole("dialog"));
  fireEvent.click(dialog.getByRole("button", { name: "Let it compete" }));
  await waitFor(() => expect(deeds()).toEqual([["POST", where, null]]));
});

it("says what stands against it, before and after it was asked", async () => {
  beside([{ ...CANDIDATE, obstacle: "chosen" }]);
  const button = (await screen.findByRole("button")) as HTMLButtonElement;
  expect(button.disabled).toBe(true);
  const why = document.getElementById(button.getAttribute("aria-describedby") ?? "");
  expect(why?.textContent).toMatch(/Another version was chosen/);
});

it("says in the reader's language why it was refused", async () => {
  setLanguage("zh");
  const answers = { "POST /api/candidates/t1/promote": refusal("preferences.outdated", 409) };
  beside([CANDIDATE], entry, answers);
  fireEvent.click(await screen.findByRole("button", { name: "让它上场" }));
  fireEvent.click(screen.getAllByText("让它上场").at(-1) as HTMLElement);
  expect(await screen.findByText(/现在不可以再学/)).toBeTruthy();
});

it("leads to the version that came of it, and shows nothing beside other entries", async () => {
  const promoted = { ...CANDIDATE.parent, submission_id: "s4", version: 4 };
  const { again } = beside([{ ...CANDIDATE, promoted, obstacle: "promoted" }]);
  const link = await screen.findByRole("link", { name: "It is v4 now." });
  expect(link.getAttribute("href")).toBe("/submissions/s4");
  expect(screen.queryByRole("button")).toBeNull();
  again(<Candidates entry={{ ...entry, id: "e2" }} />);
  expect(screen.queryByText("Candidates")).toBeNull();
});
