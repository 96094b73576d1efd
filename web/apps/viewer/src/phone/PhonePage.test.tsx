import { ApiError, api, type Stage } from "@gavel/api";
import { act, fireEvent, render, screen } from "@testing-library/react";
import { beforeEach, expect, it, vi } from "vitest";
import { PhonePage } from "./PhonePage";

let stage: Stage | null;

vi.mock("@gavel/live", () => ({
  useChannel: (name: string) => ({
    state: name.startsWith("stage") ? stage : null,
    status: "live",
    stale: false,
    serverNow: () => Date.parse("2026-11-22T12:00:30Z"),
  }),
}));
const broken = () => {
  throw new Error("broken");
};
vi.mock("./Revealed", () => ({ default: broken }));
vi.mock("../vouch/Vouch", () => ({ default: broken }));

const written = { text: "words", tokens: 1, finished: true };
const on = (phase: string, more: object) =>
  ({ phase, polls: [], episode: { id: "e" }, duel: null, ballot: null, result: null, ...more }) as unknown as Stage;
const mine = new ApiError("vote.level", "", 403, { needed: 2 });

beforeEach(() => {
  stage = null;
  history.replaceState(null, "", "/s/K7M4QX");
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(api, "post").mockImplementation((async (path: string) => {
    if (path.endsWith("/votes")) throw mine;
    return {};
  }) as never);
  vi.spyOn(api, "get").mockImplementation((async (path: string) =>
    path.endsWith("/my-vote")
      ? null
      : { id: "e", season_id: "s", code: "K7M4QX", title: "The show", number: 1 }) as never);
});

it("takes a second slip that is scanned into the same tab", async () => {
  const code = () => screen.getByLabelText<HTMLInputElement>("Seat code").value;
  history.replaceState(null, "", "/s/K7M4QX#seat=K7M4QX9PA");
  render(<PhonePage code="K7M4QX" />);
  await screen.findByLabelText("Seat code");
  expect(code()).toBe("K7M-4QX-9PA");
  history.replaceState(null, "", "/s/K7M4QX#seat=ABCDEFGHJ");
  act(() => void window.dispatchEvent(new HashChangeEvent("hashchange")));
  expect(code()).toBe("ABC-DEF-GHJ");
});

it("keeps the rest of the page where the reveal breaks", async () => {
  stage = on("revealed", { result: { winner: "tie" } });
  render(<PhonePage code="K7M4QX" />);
  await screen.findByText("This page stumbled");
  expect(screen.getByText("The show")).toBeTruthy();
});

it("keeps the vote where the forms break that a refused one leads to", async () => {
  stage = on("vote", {
    duel: { id: "d", number: 1, state: "answered", asked: "Why?", kind: "single", left: written, right: written },
    ballot: {
      id: "b",
      state: "open",
      counted: 0,
      opens_at: "2026-11-22T12:00:00Z",
      closes_at: "2026-11-22T12:01:00Z",
      delays: { hall: 0 },
    },
  });
  render(<PhonePage code="K7M4QX" />);
  fireEvent.click(await screen.findByText("A tie"));
  await screen.findByText("This page stumbled");
  expect(screen.getByText("A tie")).toBeTruthy();
});
