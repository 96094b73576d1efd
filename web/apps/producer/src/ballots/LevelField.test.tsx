import { api } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, render, screen } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import { LevelField } from "./LevelField";

afterEach(() => void vi.useRealTimers());

it("looks once for who could vote, and does not watch every seat all evening", async () => {
  vi.useFakeTimers();
  const get = vi.spyOn(api, "get").mockResolvedValue({ sheets: [], mail: false, by_mail: 0, oidc: null } as never);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <LevelField episode="e" level={2} onChange={() => {}} />
    </QueryClientProvider>,
  );
  await act(() => vi.advanceTimersByTimeAsync(60_000));
  expect(screen.getByText(/nobody could vote/)).toBeTruthy();
  expect(get).toHaveBeenCalledOnce();
});
