import { ApiError, type MyVote, type Receipt } from "@gavel/api";

/** A vote of this device that the server has counted. */
export interface Counted {
  choice: string;
  /** The device's own count on this ballot: the highest counts. */
  n: number;
  receipt: Receipt;
}

/** What is on its way: the same count goes with every retry. */
export type Pending = Pick<Counted, "choice" | "n">;

/**
 * One viewer's vote on one ballot, told honestly: it is "counted" only with the server's receipt.
 *
 * - `asking`: finding out whether this device has voted
 * - `ready`: may vote
 * - `sending`: on its way; `tries` counts failed attempts
 * - `counted`: in the ledger
 * - `confirm`: another choice was tapped; `was` counts until it is tapped again
 * - `refused`: the server said no, or the window closed without it; `stands` counts, if anything
 * - `unsure`: the window closed before an answer came
 * - `unknown`: the server would not say whether this device has voted
 */
export type Vote =
  | { step: "asking" }
  | { step: "ready" }
  | { step: "sending"; choice: string; tries: number }
  | ({ step: "counted" } & Counted)
  | { step: "confirm"; choice: string; was: Counted }
  | { step: "refused"; choice: string; error: ApiError; stands: Counted | null }
  | { step: "unsure"; choice: string }
  | { step: "unknown"; error: unknown };

/** The level that a refused vote was short of; 0 where it was refused for something else. */
export const asked = ({ error: { code, detail } }: { error: ApiError }) =>
  code === "vote.level" ? Number(detail.needed ?? 2) : 0;

/** What voting needs from the world; tests bring their own. */
export interface Polls {
  /** The vote of this device, null when the server has none. Throws ApiError. */
  mine(): Promise<MyVote | null>;
  /** Throws ApiError. The same count again is the same vote. */
  cast(pending: Pending): Promise<Receipt>;
  /** Whether the server still takes votes, by its clock. */
  open(): boolean;
  sleep(ms: number): Promise<void>;
}

const FIRST_WAIT_MS = 700;
const LONGEST_WAIT_MS = 4_000;

function late(): ApiError {
  return new ApiError("vote.window_closed", "Voting has closed. This vote was not counted.", 409);
}

/** As long as the server asks for, or longer each time; never the same as everybody else's. */
function waitAfter(tries: number, error: ApiError): number {
  const asked = error.detail.retry_ms;
  const wait = typeof asked === "number" ? asked : Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
  return wait * (0.8 + 0.4 * Math.random());
}

/**
 * Ask until the server answers; `show` is called when the answer will take longer. `refusal` is what it said to the
 * vote, null when nothing came before the close.
 */
async function settle(
  polls: Polls,
  { choice, n }: Pending,
  refusal: ApiError | null,
  show: (vote: Vote) => void,
): Promise<Vote> {
  for (let tries = 1; ; tries += 1) {
    try {
      const mine = await polls.mine();
      if (mine !== null && mine.n >= n) return { step: "counted", ...mine };
      return { step: "refused", choice, error: refusal ?? late(), stands: mine };
    } catch (error) {
      if (!(error instanceof ApiError && error.retryable))
        return refusal ? { step: "refused", choice, error: refusal, stands: null } : { step: "unknown", error };
      show({ step: "unsure", choice });
      await polls.sleep(waitAfter(tries, error));
    }
  }
}

/**
 * Send a vote and keep at it while the window is open; then find out from the server what became
 * of it. Returns the end of the story, `show` tells its stations.
 */
export async function send(polls: Polls, pending: Pending, show: (vote: Vote) => void): Promise<Vote> {
  for (let tries = 0; ; tries += 1) {
    show({ step: "sending", choice: pending.choice, tries });
    try {
      return { step: "counted", ...pending, receipt: await polls.cast(pending) };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (!error.retryable) return settle(polls, pending, error, show);
      if (!polls.open()) return settle(polls, pending, null, show);
      await polls.sleep(waitAfter(tries + 1, error));
    }
  }
}
