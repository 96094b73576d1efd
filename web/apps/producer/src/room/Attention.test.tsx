import { ApiError, api } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { Attention } from "./Attention";

const NONE = { state: "none", reason: null, progress: null, deadline: null };

function show(left: object, right: object = NONE, offAir: string | null = null) {
  vi.spyOn(api, "get").mockResolvedValue({
    left: { attention: left, off_air: offAir },
    right: { attention: right, off_air: null },
  } as never);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Attention duel={{ id: "d", turns: 1 }} />
    </QueryClientProvider>,
  );
}

beforeEach(() => {
  vi.restoreAllMocks();
});

it("has one answer looked at", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  show(NONE);
  const [first] = await screen.findAllByRole("button", { name: "Have it looked at" });
  fireEvent.click(first as HTMLElement);
  await vi.waitFor(() => expect(post).toHaveBeenCalledOnce());
  expect(post.mock.calls[0]?.[1]).toEqual({ params: { path: { duel_id: "d", side: "left" }, query: { turn: 1 } } });
});

it("shows how far the lab is, and offers to try again what failed", async () => {
  show(
    { state: "running", reason: null, progress: { done: 1, total: 3, note: "loading" }, deadline: null },
    { state: "failed", reason: "It broke.", progress: null, deadline: null },
  );
  const told = await screen.findAllByRole("status");
  expect(told.map((one) => one.textContent)).toEqual(["A lab is reading", "FailedIt broke."]);
  expect(screen.getByRole("progressbar")).toBeTruthy();
  expect(screen.getAllByRole("button").map((one) => one.textContent)).toEqual(["Try again"]);
});

it("says in words why it cannot be done", async () => {
  vi.spyOn(api, "post").mockRejectedValue(new ApiError("attention.rehearsal", "raw", 409));
  show(NONE);
  fireEvent.click((await screen.findAllByRole("button"))[0] as HTMLElement);
  expect((await screen.findByRole("alert")).textContent).toContain("it has no weights");
});

it("offers nothing for an answer that was taken off air", async () => {
  show(NONE, { ...NONE, state: "done" }, "replaced");
  expect(await screen.findByText("Taken off air")).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});
