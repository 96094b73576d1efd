import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { again } from "./again";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("asks again for what did not come, each time after a longer wait", async () => {
  const load = vi
    .fn()
    .mockRejectedValueOnce(new TypeError())
    .mockRejectedValueOnce(new TypeError())
    .mockResolvedValue(7);
  const loaded = again(load);
  await vi.runAllTimersAsync();
  expect(await loaded).toBe(7);
  expect(load).toHaveBeenCalledTimes(3);
});

it("gives up in the end: a file of another release never comes, and loading the page anew helps", async () => {
  const load = vi.fn().mockRejectedValue(new TypeError("gone"));
  const loaded = again(load);
  loaded.catch(() => {});
  await vi.runAllTimersAsync();
  await expect(loaded).rejects.toThrow("gone");
  expect(load).toHaveBeenCalledTimes(5);
});
