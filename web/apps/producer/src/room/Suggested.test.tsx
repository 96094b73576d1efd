import { api, type Desk } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import "../i18n";
import type { Draft } from "./draft";
import { Suggested } from "./Suggested";

const PAIRS = [
  { a: "1", b: "2", chance: 0.432, met: 2, half_width: 81.6, gain: 6.24 },
  { a: "1", b: "3", chance: 0.3, met: 1, half_width: null, gain: null },
  { a: "2", b: "gone", chance: 0.268, met: 0, half_width: null, gain: null },
];
const roster = ["House", "Lantern", "Northstar"].map((name, at) => ({
  entry_id: String(at + 1),
  name,
  kind: at ? "contestant" : "house",
  ready: true,
}));
const desk = { episode: { id: "e" }, phase: "idle", duel: null, roster } as unknown as Desk;
const edit = vi.fn();

function show(stage: string, pairs: object[] = PAIRS) {
  const plan = { stage, rule: "r", seed: "s", pairs };
  vi.spyOn(api, "get").mockImplementation((() => Promise.resolve(plan)) as never);
  const draft = { a: "2", b: "1" } as Draft;
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Suggested {...{ desk, draft, edit }} />
    </QueryClientProvider>,
  );
}

afterEach(() => vi.restoreAllMocks());

it("tells the order alone while the board is frozen", async () => {
  show("shrinkage", [{ a: "1", b: "2", chance: null, met: 2, half_width: null, gain: null }]);
  const only = await screen.findByRole("button", { name: /Lantern/ });
  expect(only.textContent).toMatch(/Duels so far: 2.*frozen/);
  expect(only.textContent).not.toMatch(/%/);
});

it("says who should meet next and why, and takes the pair over", async () => {
  show("shrinkage");
  const first = await screen.findByRole("button", { name: /Lantern/ });
  expect(first.textContent).toMatch(/43 %.*±82 points.*6\.2/);
  expect(first.getAttribute("aria-pressed")).toBe("true");
  const buttons = screen.getAllByRole("button");
  // A pair whose entry has left the roster is not offered.
  expect(buttons).toHaveLength(2);
  expect(buttons[1]?.textContent).toMatch(/no rating yet/);
  fireEvent.click(buttons[1] as HTMLElement);
  expect(edit).toHaveBeenCalledWith({ a: "1", b: "3" });
});
