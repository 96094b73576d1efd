import { api, type ProgramDuel, type ProgramSide } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import "../i18n";
import { ProgramPanel } from "./ProgramPanel";

const side = (text: string, air: ProgramSide["air"]): ProgramSide => ({
  text,
  on_air: air === "aired" ? text.length : 0,
  cleared: text.length,
  tokens: 1,
  aired: air === "aired" ? 1 : 0,
  ended: true,
  air,
  unjudged: null,
  next_at: null,
});
const turn = (number: number, air: ProgramSide["air"]) => ({
  turn: number,
  prompt: "Why?",
  left: side(`left ${number}`, air),
  right: side(`right ${number}`, air),
});
const duel = {
  duel_id: "d",
  number: 1,
  kind: "debate",
  turns: 3,
  state: "live",
  hold_seconds: 7,
  over: false,
  decisions: [
    { turn: 1, side: "left", action: "hold", by: "Mo", at: "2026-11-21T12:00:00Z", reason: null, category: null },
  ],
  earlier: [turn(1, "aired")],
  ahead: [turn(3, "flowing")],
  ...turn(2, "held"),
} as unknown as ProgramDuel;

it("has the turn on air first, then what comes after it, then what is over, each with its own hands", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ProgramPanel duel={duel} steerable serverNow={Date.now} />
    </QueryClientProvider>,
  );
  expect(screen.getAllByRole("heading", { level: 3 }).map((head) => head.textContent)).toEqual([
    "Turn 2 · on air now",
    "Turn 3 · comes after it",
    "Turn 1 · over",
  ]);
  const ahead = screen.getByRole("region", { name: "Turn 3" });
  fireEvent.click(within(ahead).getAllByRole("button", { name: "Replace by card" })[1] as HTMLElement);
  await vi.waitFor(() => expect(post).toHaveBeenCalled());
  expect(post.mock.calls[0]?.[1]).toMatchObject({ body: { action: "replace", side: "right", turn: 3 } });
  expect(within(screen.getByRole("list", { name: /decisions/i })).getByText("Turn 1")).toBeTruthy();
});
