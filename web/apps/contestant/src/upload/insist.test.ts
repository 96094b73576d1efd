import { ApiError } from "@gavel/api";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { insist, passes } from "./insist";

const offline = new ApiError("network.offline", "No connection", 0);
const going = new AbortController().signal;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("goes on as long as the line is dead, and says so", async () => {
  let left = 40;
  const waiting = vi.fn();
  const done = insist(async () => (left-- > 0 ? Promise.reject(offline) : "there"), waiting, going);
  await vi.runAllTimersAsync();
  expect(await done).toBe("there");
  expect(waiting).toHaveBeenCalledTimes(40);
});

it("goes on at once when the browser is online again", async () => {
  const act = vi.fn().mockRejectedValueOnce(offline).mockResolvedValue("there");
  const done = insist(act, () => {}, going);
  await vi.advanceTimersByTimeAsync(0);
  expect(act).toHaveBeenCalledTimes(1);
  window.dispatchEvent(new Event("online"));
  expect(await done).toBe("there");
});

it("begins with short pauses again when something got through", async () => {
  const at: number[] = [];
  const started = Date.now();
  const stop = new AbortController();
  const act = async (through: () => void) => {
    at.push(Date.now() - started);
    if (at.length === 4) through();
    throw offline;
  };
  const done = insist(act, () => {}, stop.signal);
  const ended = expect(done).rejects.toMatchObject({ name: "AbortError" });
  await vi.advanceTimersByTimeAsync(5_000);
  stop.abort();
  await ended;
  expect(at).toEqual([0, 500, 1_500, 3_500, 4_000, 5_000]);
});

it.each(["at once", "in a while"])("stops while it waits: %s", async (when) => {
  const stop = new AbortController();
  const waiting = () => (when === "at once" ? stop.abort() : setTimeout(() => stop.abort(), 100));
  const done = insist(() => Promise.reject(offline), waiting, stop.signal);
  void vi.advanceTimersByTimeAsync(100);
  await expect(done).rejects.toMatchObject({ name: "AbortError" });
});

it.each([
  ["network.offline", 0, true],
  ["server.unavailable", 503, true],
  ["upload.offset_mismatch", 409, true],
  ["upload.too_slow", 408, true],
  ["upload.quota", 429, false],
  ["upload.taken_over", 409, false],
  ["upload.digest_mismatch", 422, false],
])("knows whether %s passes by itself", (code, status, expected) => {
  expect(passes(new ApiError(code, "", status))).toBe(expected);
  expect(passes(new Error("a bug"))).toBe(false);
});
