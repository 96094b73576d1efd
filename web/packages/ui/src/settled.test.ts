import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { useSettled } from "./settled";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("shows what lasts, forgives what mends itself, and recovers at once", () => {
  const { result, rerender } = renderHook(({ status }) => useSettled(status, "live"), {
    initialProps: { status: "live" },
  });
  const after = (status: string, ms: number) => {
    rerender({ status });
    act(() => void vi.advanceTimersByTime(ms));
    return result.current;
  };
  expect(after("offline", 1_000)).toBe("live");
  expect(after("live", 1_000)).toBe("live");
  expect(after("offline", 3_000)).toBe("offline");
  expect(after("live", 0)).toBe("live");
});
