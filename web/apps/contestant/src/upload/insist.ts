import { ApiError } from "@gavel/api";

const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000] as const;
/** Refusals that a look at what has arrived mends, and a line too slow to go on with. */
const PASSING = new Set(["upload.offset_mismatch", "upload.too_slow"]);

/** Whether it is the line that failed and not the matter. A quota is no passing thing, although HTTP says "later". */
export function passes(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status >= 500 || PASSING.has(error.code));
}

/**
 * Do it until it is done or refused, however long the line is dead. `act` calls what it is given when something got
 * through: the pauses begin anew then. `waiting` is told before each pause.
 */
export async function insist<T>(
  act: (through: () => void) => Promise<T>,
  waiting: () => void,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await act(() => {
        tries = 0;
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!passes(error)) throw error;
      waiting();
      signal.throwIfAborted();
      await pause(PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)] as number, signal);
    }
  }
}

/** Some time, or less: until the browser says that it is online again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason);
      else resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end);
    signal.addEventListener("abort", end);
  });
}
