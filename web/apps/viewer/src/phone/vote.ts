import { ApiError, type Choice, type MyVote, type Receipt } from "@gavel/api";

/**
 * One viewer's vote on one ballot, told honestly: it is "counted" only with the server's receipt.
 *
 * - `asking`: finding out whether this device has voted
 * - `ready`: may vote
 * - `sending`: on its way; `tries` counts failed attempts
 * - `counted`: in the ledger; `again` when a second vote was refused
 * - `refused`: the server said no, or the window closed without it
 * - `unsure`: the window closed before an answer came
 * - `unknown`: the server would not say whether this device has voted
 */
export type Vote =
  | { step: "asking" }
  | { step: "ready" }
  | { step: "sending"; choice: Choice; tries: number }
  | { step: "counted"; choice: Choice; receipt: Receipt; again: boolean }
  | { step: "refused"; choice: Choice; error: ApiError }
  | { step: "unsure"; choice: Choice }
  | { step: "unknown"; error: unknown };

/** What voting needs from the world; tests bring their own. */
export interface Polls {
  /** The vote of this device, null when the server has none. Throws ApiError. */
  mine(): Promise<MyVote | null>;
  /** Throws ApiError. The key makes a repeated request count once. */
  cast(choice: Choice, key: string): Promise<Receipt>;
  /** Whether the server still takes votes, by its clock. */
  open(): boolean;
  sleep(ms: number): Promise<void>;
}

const FIRST_WAIT_MS = 700;
const LONGEST_WAIT_MS = 4_000;

function late(): ApiError {
  return new ApiError("vote.window_closed", "Voting has closed. This vote was not counted.", 409);
}

function waitAfter(tries: number): number {
  return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
}

function retryable(error: unknown): boolean {
  return error instanceof ApiError && error.retryable;
}

/**
 * Ask until the server answers; `show` is called when the answer will take longer. `refusal` is what it said to the
 * vote, null when nothing came before the close.
 */
async function settle(
  polls: Polls,
  choice: Choice,
  refusal: ApiError | null,
  show: (vote: Vote) => void,
): Promise<Vote> {
  for (let tries = 1; ; tries += 1) {
    try {
      const mine = await polls.mine();
      if (mine === null) return { step: "refused", choice, error: refusal ?? late() };
      return { step: "counted", choice: mine.choice, receipt: mine.receipt, again: mine.choice !== choice };
    } catch (error) {
      if (!retryable(error)) return refusal ? { step: "refused", choice, error: refusal } : { step: "unknown", error };
      show({ step: "unsure", choice });
      await polls.sleep(waitAfter(tries));
    }
  }
}

/**
 * Send a vote and keep at it while the window is open; then find out from the server what became
 * of it. Returns the end of the story, `show` tells its stations.
 */
export async function send(polls: Polls, choice: Choice, key: string, show: (vote: Vote) => void): Promise<Vote> {
  for (let tries = 0; ; tries += 1) {
    show({ step: "sending", choice, tries });
    try {
      return { step: "counted", choice, receipt: await polls.cast(choice, key), again: false };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!retryable(error)) return settle(polls, choice, error, show);
    }
    if (!polls.open()) return settle(polls, choice, null, show);
    await polls.sleep(waitAfter(tries + 1));
  }
}
