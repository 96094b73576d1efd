import { api, type PreferencePage, type PreferenceSet } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import "../i18n";
import { PreferencesPage } from "./PreferencesPage";

const SET = {
  id: "p1",
  made_at: "2026-11-22T20:00:00Z",
  made_by: "Pauline",
  episodes: [],
  least: 0.5,
  digest: "ab",
  rows: 2,
  size_bytes: 700,
  left_out: { tie: 3, still_asked: 1 },
  version: { entry_name: "Preferences ab", state: "verified", refusal: null },
} as unknown as PreferenceSet;
const TALLY = { left: 2, right: 1, tie: 0, both_bad: 0 };
const PAGE = {
  ...SET,
  pairs: [
    {
      duel: "d1",
      number: 4,
      side: "left",
      weight: 0.333333,
      judges: TALLY,
      crowd: null,
      chosen: { name: "Lantern", record: "1234567890" },
      rejected: { name: "Northstar", record: null },
    },
  ],
  outdated: [],
  candidates: [
    {
      id: "t1",
      state: "done",
      parent: { entry: "Lantern", version: 3 },
      result: { entry: "Preferences ab", version: 2 },
      record: { held_out: { margin_before: 0.1, margin_after: 0.4 } },
      decisions: [{ action: "promote", by: "Ada", at: "2026-11-23T20:00:00Z" }],
    },
  ],
  since: { made_at: "2026-11-21T20:00:00Z", added: ["d1"], removed: [], changed: [] },
} as unknown as PreferencePage;
const ROSTER = [
  { entry_id: "e1", name: "Lantern", kind: "contestant", ready: true, submission_id: "s1", version: 3 },
  { entry_id: "e2", name: "Late", kind: "contestant", ready: false, submission_id: null, version: null },
];

let preferences = "verdicts";
let page = PAGE;

beforeAll(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});
beforeEach(() => {
  vi.restoreAllMocks();
  setLanguage("en");
  preferences = "verdicts";
  page = PAGE;
});

function show() {
  const answers: Record<string, unknown> = {
    "/api/seasons/current": { preferences },
    "/api/preference-sets": [SET],
    "/api/preference-sets/{set_id}": page,
    "/api/episodes": [{ id: "x", number: 1, title: "Pilot" }],
    "/api/roster": ROSTER,
  };
  vi.spyOn(api, "get").mockImplementation(((path: string) => Promise.resolve(answers[path])) as never);
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 60_000 } } });
  // What the page needs at once is there at once: only what a test is about is waited for.
  queries.setQueryData(["season"], answers["/api/seasons/current"]);
  queries.setQueryData(["preferences", "sets"], answers["/api/preference-sets"]);
  queries.setQueryData(["episodes"], answers["/api/episodes"]);
  queries.setQueryData(["roster"], ROSTER);
  render(
    <QueryClientProvider client={queries}>
      <PreferencesPage />
    </QueryClientProvider>,
  );
}

it("builds a set of one episode from its clear duels", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({ rows: 2 } as never);
  show();
  fireEvent.change(screen.getByLabelText("From"), { target: { value: "x" } });
  fireEvent.change(screen.getByLabelText("How clear"), { target: { value: "0.5" } });
  fireEvent.click(screen.getByRole("button", { name: "Build" }));
  await waitFor(() =>
    expect(post).toHaveBeenCalledWith("/api/preference-sets", { body: { episodes: ["x"], least: 0.5 } }),
  );
  expect(await screen.findByText(/A set of 2 pairs was built/)).toBeTruthy();
});

it("builds nothing where the season has not declared it", () => {
  preferences = "none";
  show();
  expect(screen.getByText(/has not declared/)).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Build" })).toBeNull();
});

it("says what was left out and where each row comes from", async () => {
  show();
  expect(screen.getByText(/a tie \(3\), still to be asked \(1\)/)).toBeTruthy();
  const more = screen.getByText("Where each row comes from").closest("details");
  if (!more) throw new Error("no details");
  more.open = true;
  fireEvent(more, new Event("toggle"));
  expect(await screen.findByRole("cell", { name: "Northstar" })).toBeTruthy();
  expect(screen.getByRole("cell", { name: "2 : 1 : 0" })).toBeTruthy();
  expect(screen.getByRole("link", { name: /Download/ })).toBeTruthy();
  expect(screen.getByRole("listitem").textContent).toMatch(/Preferences ab v2 beside Lantern v3.*0\.1 → 0\.4/);
});

it("hands out no set with a pair that would not be made any more", async () => {
  page = { ...PAGE, outdated: [{ duel: "d1", reason: "off_air" }] };
  show();
  const more = screen.getByText("Where each row comes from").closest("details");
  if (!more) throw new Error("no details");
  more.open = true;
  fireEvent(more, new Event("toggle"));
  expect((await screen.findByRole("alert")).textContent).toContain("neither handed out nor trained on");
  expect(screen.queryByRole("link", { name: /Download/ })).toBeNull();
});

it("trains a ready version further after a word of confirmation", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  show();
  fireEvent.click(screen.getByRole("button", { name: "Train on this set" }));
  expect(post).not.toHaveBeenCalled();
  const [, confirm] = screen.getAllByRole("button", { name: "Train on this set" });
  if (!confirm) throw new Error("no confirmation");
  fireEvent.click(confirm);
  await waitFor(() =>
    expect(post).toHaveBeenCalledWith("/api/preference-sets/{set_id}/training", {
      params: { path: { set_id: "p1" } },
      body: { parent: "s1", learning_rate: 5e-5, beta: 0.1, seed: 0 },
    }),
  );
});
