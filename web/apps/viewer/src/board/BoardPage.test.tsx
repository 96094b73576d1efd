import { ApiError, api, type Board } from "@gavel/api";
import { LiveClient, LiveContext } from "@gavel/live";
import { render, screen } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import BoardPage from "./BoardPage";
import EpisodePage from "./EpisodePage";
import { Rows } from "./Rows";

const board = {
  rows: [
    { entry_id: "1", name: "Lumen", kind: "contestant", rank: 1, rank_to: 2, rating: 1100, lo: 1029, hi: 1171 },
    { entry_id: "2", name: "house", kind: "house", rank: 2, rank_to: 2, rating: 1000, lo: null, hi: null },
  ],
  duels: 3,
  computed_at: null,
  frozen: false,
  close_call: false,
} as unknown as Board;

const answer = (answers: Record<string, unknown>) =>
  vi.spyOn(api, "get").mockImplementation((async (path: string) => {
    if (path in answers) return answers[path];
    throw new ApiError("season.none", "", 404);
  }) as never);

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
  answer({
    "/api/seasons/current": { id: "s1", name: "2026" },
    "/api/leaderboard/history": { entries: [], moments: [] },
    "/api/episodes": [
      { id: "e1", season_id: "s1", number: 1, title: "Pilot", state: "finished" },
      { id: "e2", season_id: "s1", number: 2, title: "Next", state: "planned" },
    ],
  });
  show(null);
  const [first, second] = await screen.findAllByRole("listitem");
  expect(first?.textContent).toContain("Rank 1 to 2");
  expect(first?.textContent).toContain("Rating 1100± 71");
  expect(first?.textContent).toContain("Accuracy");
  expect(second?.textContent).toContain("House");
  expect(second?.textContent).toContain("Rank 2 ");
  const [pilot, ...others] = await screen.findAllByRole("link", { name: /^Episode/ });
  expect(pilot?.getAttribute("href")).toBe("/board/episode/e1");
  expect(others).toEqual([]);
});

it("writes a place as the range that the intervals leave open, also where the board is small", () => {
  render(<Rows board={board} />);
  const [first, second] = screen.getAllByRole("listitem");
  expect(first?.textContent).toMatch(/^1–2Rank 1 to 2 Lumen/);
  expect(second?.textContent).toMatch(/^2Rank 2 House/);
});

it("shows how the season stood after an episode", async () => {
  const rows = board.rows.map((row) => ({ ...row, duels: 1, speed: null }));
  const known = { number: 3, title: "The night", duels: 1, at: "2026-11-22T12:00:00Z", snapshot_id: "x", rows };
  answer({ "/api/leaderboard/episodes/{episode_id}": known });
  render(<EpisodePage episode="e3" />);
  expect(await screen.findByRole("heading", { name: "The board after episode 3" })).toBeTruthy();
  expect(screen.getByText(/1 duel in this episode/)).toBeTruthy();
  expect(screen.getAllByRole("listitem")[0]?.textContent).toContain("Duels in this episode1");
});

it("says so when nothing had been rated by then, and when there is no such episode", async () => {
  answer({ "/api/leaderboard/episodes/{episode_id}": { number: 1, title: "Pilot", duels: 0, rows: [] } });
  render(<EpisodePage episode="e1" />);
  expect(await screen.findByText("Nothing had been rated when “Pilot” was over.")).toBeTruthy();
  vi.spyOn(api, "get").mockRejectedValue(new ApiError("episode.not_found", "", 404));
  render(<EpisodePage episode="none" />);
  expect(await screen.findByText("There is no such episode")).toBeTruthy();
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
