import type { RaceRun, TrainingRace } from "@gavel/api";
import { type ChannelView, type LiveClient, LiveContext } from "@gavel/live";
import { setLanguage } from "@gavel/ui";
import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import RacePage from "./RacePage";

const NOW = Date.parse("2026-11-22T10:03:00Z");
const RUN: RaceRun = {
  entry_id: "e1",
  entry: "Lantern",
  recipe: "sft",
  method: "lora",
  state: "running",
  at_line: true,
  step: 2,
  tokens: 300,
  seconds: 150,
  loss: 2.5,
  curve: { 1: [75, 3], 2: [150, 2.5] },
  stopped: null,
  code: null,
  version: null,
};
const RACE: TrainingRace = {
  id: "r",
  season_id: "s",
  name: "Ten minutes",
  seconds: 600,
  line_seconds: 600,
  line_until: null,
  room: null,
  state: "running",
  started_at: "2026-11-22T10:00:00Z",
  ends_at: "2026-11-22T10:10:00Z",
  runs: {
    a: RUN,
    b: { ...RUN, entry: "Kite", state: "refused", code: "training.diverged", step: 40, loss: null },
  },
  created_at: "2026-11-22T09:50:00Z",
};

let view: Omit<ChannelView<TrainingRace>, "serverNow">;
const subscribe = vi.fn((_channel: string, _listener: () => void) => () => {});

beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  setLanguage("en");
  subscribe.mockClear();
});
afterEach(() => vi.useRealTimers());

function page() {
  const client = { subscribe, view: () => view, clock: { now: () => Date.now() } } as unknown as LiveClient;
  render(
    <LiveContext.Provider value={client}>
      <RacePage race="r" />
    </LiveContext.Provider>,
  );
}

it("shows the one clock, every contestant's loss, and who is out", () => {
  view = { state: RACE, status: "live", stale: false };
  page();
  expect(subscribe.mock.calls[0]?.[0]).toBe("race:r");
  expect(screen.getByRole("timer").textContent).toBe("7:00");
  expect(screen.getByText("2.75")).toBeTruthy();
  expect(screen.getByText("Training")).toBeTruthy();
  expect(screen.getByText("Diverged at step 40")).toBeTruthy();
  act(() => void vi.advanceTimersByTime(60_000));
  expect(screen.getByRole("timer").textContent).toBe("6:00");
  act(() => void vi.advanceTimersByTime(360_000));
  expect(screen.getByText("Time is up")).toBeTruthy();
});

it("waits for a race that has not started, and asks again by itself", () => {
  view = { state: null, status: "missing", stale: false };
  page();
  expect(screen.getByText(/has not started yet/)).toBeTruthy();
  expect(subscribe).toHaveBeenCalledTimes(1);
  view = { state: RACE, status: "live", stale: false };
  act(() => void vi.advanceTimersByTime(5_000));
  act(() => void vi.advanceTimersByTime(5_000));
  expect(subscribe).toHaveBeenCalledTimes(2);
  expect(screen.getByRole("heading", { name: "Ten minutes" })).toBeTruthy();
});
