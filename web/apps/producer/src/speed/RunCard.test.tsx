import { api, type SpeedRun } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import "../i18n";
import { RunCard } from "./RunCard";

const ratio = (median: number) => ({ median, lo: median * 0.99, hi: median * 1.01, blocks: [] });
const RUN = {
  id: "r1",
  episode_id: "e1",
  number: 4,
  kind: "duel",
  state: "done",
  a: { entry_id: "1", name: "Lumen", kind: "contestant", version: 1 },
  b: { entry_id: "2", name: "Polaris", kind: "contestant", version: 3 },
  house: { entry_id: "3", name: "House", kind: "house", version: 1 },
  blocks: 7,
  blocks_done: 7,
  waiting: null,
  void: null,
  reason: null,
  released_at: null,
  result: {
    metrics: [
      { metric: "first_token", a_to_b: ratio(0.8), outcome: "a" },
      { metric: "decode", a_to_b: ratio(0.8), outcome: "b" },
      { metric: "whole", a_to_b: ratio(1), outcome: "tie" },
    ],
    quiz: [],
    axes: [],
  },
} as unknown as SpeedRun;

beforeAll(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});
beforeEach(() => setLanguage("en"));

function show(change: Partial<SpeedRun>) {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <RunCard run={{ ...RUN, ...change } as SpeedRun} />
    </QueryClientProvider>,
  );
}

it("says in one line each who is faster, less of a time and more of a speed", () => {
  show({});
  expect(screen.getByText("Lumen is 25% faster")).toBeTruthy();
  expect(screen.getByText("Polaris is 25% faster")).toBeTruthy();
  expect(screen.getByText("too close to call")).toBeTruthy();
  expect(screen.getByText("Result page").getAttribute("href")).toBe("/speed/r1");
});

it("releases only after it was asked, because that cannot be taken back", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue(RUN as never);
  show({});
  fireEvent.click(screen.getByRole("button", { name: "Release: Speed duel 4" }));
  expect(post).not.toHaveBeenCalled();
  fireEvent.click(screen.getByRole("button", { name: "Release" }));
  await waitFor(() => expect(post).toHaveBeenCalledTimes(1));
  expect(post.mock.calls[0]?.[0]).toBe("/api/speed/{run_id}/release");
});

it("shows how far it is and can be stopped while it is under way", () => {
  show({ state: "running", result: null, blocks_done: 3 });
  expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("43");
  expect(screen.getByRole("button", { name: "Stop: Speed duel 4" })).toBeTruthy();
  expect(screen.queryByText("Result page")).toBeNull();
});

it("says what it waits for, and why it is void, in the reader's language", () => {
  setLanguage("zh");
  show({
    state: "queued",
    result: null,
    waiting: { reason: "waiting for a free engine", deadline: "2026-11-21T10:00:00Z" },
  });
  expect(screen.getByText("等待空闲的引擎")).toBeTruthy();
  show({ state: "void", void: "throttled", reason: "A GPU held its clock down." });
  expect(screen.getByText(/测量期间显卡降频/)).toBeTruthy();
});
