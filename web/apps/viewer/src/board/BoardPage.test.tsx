import { ApiError, api, type Board } from "@gavel/api";
import { LiveClient, LiveContext } from "@gavel/live";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import BoardPage from "./BoardPage";

const board = {
  rows: [
    { entry_id: "1", name: "Lumen", kind: "contestant", rank: 1, rating: 1100, lo: 1029, hi: 1171, accuracy: null },
    { entry_id: "2", name: "house", kind: "house", rank: 2, rating: 1000, lo: null, hi: null, accuracy: null },
  ],
  duels: 3,
  computed_at: null,
  frozen: false,
  close_call: false,
} as unknown as Board;

function show(season: string | null) {
  const client = new LiveClient({
    connect: (events) => {
      queueMicrotask(() => {
        events.open();
        events.message(JSON.stringify([{ t: "snap", ch: "board:s1", ep: "e", seq: 1, d: board }]));
      });
      return { send: () => {}, reconnect: () => {}, close: () => {} };
    },
    poll: () => Promise.reject(new ApiError("network.offline", "", 0)),
  });
  render(
    <LiveContext value={client}>
      <BoardPage season={season} />
    </LiveContext>,
  );
}

it("shows the board of a season also when there is no season now", async () => {
  vi.spyOn(api, "get").mockRejectedValue(new ApiError("season.none", "", 404));
  show("s1");
  expect(await screen.findByText("Lumen")).toBeTruthy();
  expect(screen.queryByText("No results yet")).toBeNull();
});

it("names every number for a screen reader, and the house in the reader's language", async () => {
  vi.spyOn(api, "get").mockResolvedValue({ id: "s1", name: "2026", entries: [], moments: [] } as never);
  show(null);
  const [first, second] = await screen.findAllByRole("listitem");
  expect(first?.textContent).toContain("Rank 1");
  expect(first?.textContent).toContain("Rating 1100± 71");
  expect(first?.textContent).toContain("Accuracy");
  expect(second?.textContent).toContain("House");
});

it("shows of a closed board that it is closed, and of one that is being revealed how much is missing", async () => {
  vi.spyOn(api, "get").mockRejectedValue(new ApiError("season.none", "", 404));
  const before = { ...board };
  const sealed = [{ entry_id: "1", name: "Lumen", kind: "contestant" }];
  Object.assign(board, { closed: true, sealed, rows: [] });
  show("s1");
  expect(await screen.findByText("The board is closed")).toBeTruthy();
  Object.assign(board, { rows: before.rows.slice(1) });
  show("s1");
  expect(await screen.findByText("1 place is still sealed")).toBeTruthy();
  expect(screen.queryByText("Lumen")).toBeNull();
  Object.assign(board, before);
});
