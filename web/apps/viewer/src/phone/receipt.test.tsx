import { ApiError, api, type StageBallot, type StageDuel, type StageResult } from "@gavel/api";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { recall } from "../shared/remember";
import Revealed from "./Revealed";
import { Locked, VotePhase } from "./Round";

const receipt = { shard: 0, seq: 6, leaf: "ab", nonce: "cd", at: "2026-11-21T12:00:00.000000Z" };
const written = { text: "words", tokens: 1, finished: true };
const duel = { id: "d", number: 1, state: "answered", prompt: "?", left: written, right: written } as StageDuel;
const tally = { left: 1, right: 0, tie: 0, both_bad: 0 };
const result = {
  winner: "left",
  left: { name: "A", kind: "contestant" },
  right: { name: "B", kind: "contestant" },
  crowd: tally,
  judges: tally,
  levels: { 0: 3, 2: 1200 },
  seats: { made: 1500, used: 1201, taken_back: 2 },
} as unknown as StageResult;

/** The portal's answers; the vote changes where a test says so. */
let mine: { choice: string; n: number; receipt: typeof receipt } | null | ApiError;
let ballots = 0;
let ballot: StageBallot;

beforeEach(() => {
  mine = { choice: "left", n: 1, receipt };
  ballots += 1;
  ballot = {
    id: `b${ballots}`,
    state: "open",
    root: null,
    counted: 1,
    opens_at: "2026-11-21T12:00:00Z",
    closes_at: "2026-11-21T12:01:00Z",
    delays: { hall: 0 },
    judges: { submitted: 0, total: 0 },
  } as unknown as StageBallot;
  vi.spyOn(api, "post").mockResolvedValue({} as never);
  vi.spyOn(api, "get").mockImplementation((async () => {
    if (mine instanceof ApiError) throw mine;
    return mine;
  }) as never);
});

async function watchTheVote() {
  render(<VotePhase episode="e" duel={duel} ballot={ballot} serverNow={() => Date.parse("2026-11-21T12:00:30Z")} />);
  await screen.findByText(/receipt #7/);
  cleanup();
}

function watchTheLock() {
  render(<Locked duel={duel} ballot={{ ...ballot, state: "certified", root: "sealed" }} />);
  cleanup();
}

it("keeps receipt and fingerprint as they were before the reveal, and leads to the check", async () => {
  await watchTheVote();
  watchTheLock();
  mine = { choice: "right", n: 1, receipt: { ...receipt, leaf: "other" } };
  const locked = { ...ballot, state: "published", root: "another" } as StageBallot;
  render(<Revealed episode="e" duel={duel} ballot={locked} result={result} board={null} />);
  const link = await screen.findByText(/^Check my vote/);
  expect(link.getAttribute("href")).toBe(`/check/${ballot.id}`);
  expect(recall(`vote.${ballot.id}`)).toEqual({ choice: "left", n: 1, receipt });
  expect(recall(`root.${ballot.id}`)).toBe("sealed");
});

it("does not say that nobody voted when the portal will not tell", async () => {
  mine = new ApiError("vote.judges_judge", "", 403);
  render(<Revealed episode="e" duel={duel} ballot={ballot} result={result} board={null} />);
  expect((await screen.findByRole("alert")).textContent).toContain("Judges decide");
  expect(screen.queryByText(/did not vote/)).toBeNull();
});

it("leaves a vote that is still on its way for another ballot alone", async () => {
  const waiting = '{"choice":"tie","n":1}';
  localStorage.setItem("gavel.pending.other", waiting);
  mine = null;
  vi.mocked(api.post).mockResolvedValue({ receipt } as never);
  render(<VotePhase episode="e" duel={duel} ballot={ballot} serverNow={() => Date.parse("2026-11-21T12:00:30Z")} />);
  fireEvent.click(await screen.findByText("A tie"));
  await screen.findByText(/receipt #7/);
  expect(localStorage.getItem("gavel.pending.other")).toBe(waiting);
  expect(localStorage.getItem(`gavel.pending.${ballot.id}`)).toBeNull();
});
