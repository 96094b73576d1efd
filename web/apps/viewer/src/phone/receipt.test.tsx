import { ApiError, api, type StageBallot, type StageDuel, type StageResult } from "@gavel/api";
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { holds } from "../shared/ledger";
import { Locked, Revealed, VotePhase } from "./Round";

vi.mock("../shared/ledger", () => ({ canCheck: () => true, holds: vi.fn(async () => true) }));

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
} as StageResult;

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
    judges: { submitted: 0, total: 0 },
  } as StageBallot;
  vi.spyOn(api, "post").mockResolvedValue({} as never);
  vi.spyOn(api, "get").mockImplementation((async (path: string) => {
    if (path.endsWith("/ledger")) return { size: 1 };
    if (mine instanceof ApiError) throw mine;
    return mine;
  }) as never);
  vi.mocked(holds).mockClear().mockResolvedValue(true);
});

async function watchTheVote() {
  render(<VotePhase duel={duel} ballot={ballot} serverNow={() => Date.parse("2026-11-21T12:00:30Z")} />);
  await screen.findByText(/receipt #7/);
  cleanup();
}

function watchTheLock() {
  render(<Locked duel={duel} ballot={{ ...ballot, state: "locked", root: "sealed" }} />);
  cleanup();
}

async function check(root = "sealed") {
  render(
    <Revealed episode="e" duel={duel} ballot={{ ...ballot, state: "locked", root }} result={result} board={null} />,
  );
  fireEvent.click(await screen.findByText("Check"));
  return (await screen.findByText(/^Checked|^Does not match/)).textContent;
}

it("holds the ledger against the receipt and the fingerprint from before the reveal", async () => {
  await watchTheVote();
  watchTheLock();
  mine = { choice: "right", n: 1, receipt: { ...receipt, leaf: "other" } };
  expect(await check()).toBe("Checked: your vote is in the ledger");
  expect(holds).toHaveBeenCalledWith(expect.anything(), { receipt, choice: "left", n: 1, root: "sealed", crowd: tally });
  expect(screen.getByText(/same fingerprint as on the big screen/)).toBeTruthy();
});

it("sees another fingerprint than at the lock, and a vote that is gone", async () => {
  await watchTheVote();
  watchTheLock();
  expect(await check("another")).toBe("Does not match");
  cleanup();
  vi.mocked(holds).mockResolvedValue(false);
  mine = null;
  expect(await check()).toBe("Does not match");
});

it("says what it could not compare when it kept nothing", async () => {
  expect(await check()).toBe("Checked: the ledger fits together");
  cleanup();
  // What is only heard after the reveal is no evidence from before it.
  expect(await check()).toBe("Checked: the ledger fits together");
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
  render(<VotePhase duel={duel} ballot={ballot} serverNow={() => Date.parse("2026-11-21T12:00:30Z")} />);
  fireEvent.click(await screen.findByText("A tie"));
  await screen.findByText(/receipt #7/);
  expect(localStorage.getItem("gavel.pending.other")).toBe(waiting);
  expect(localStorage.getItem(`gavel.pending.${ballot.id}`)).toBeNull();
});
