import type { Desk } from "@gavel/api";
import { expect, it } from "vitest";
import type { Draft } from "./draft";
import { nextOf } from "./next";

const row = (entry_id: string, ready = true) => ({ entry_id, name: entry_id, kind: "contestant", ready });
const desk = (change: object) =>
  ({
    version: 3,
    phase: "idle",
    duel: null,
    names: null,
    roster: [row("a"), row("b"), row("c", false)],
    ...change,
  }) as unknown as Desk;
const draft: Draft = { a: "a", b: "b", prompt: " Tea? ", seconds: 60 };

it("starts the prepared duel, with the prompt trimmed", () => {
  const start = { type: "start_duel", prompt: "Tea?", entry_a: "a", entry_b: "b" };
  expect(nextOf(desk({}), draft, 100).command).toEqual(start);
  expect(nextOf(desk({ phase: "revealed" }), draft, 100).command).toEqual(start);
});

it("says what is missing for a duel", () => {
  const why = (change: Partial<Draft>) => nextOf(desk({}), { ...draft, ...change }, 4).why;
  expect(why({ b: "" })).toBe("entries");
  expect(why({ b: "c" })).toBe("entries");
  expect(why({ b: "a" })).toBe("same");
  expect(why({ prompt: "  " })).toBe("prompt");
  expect(why({ prompt: "雨夜路灯呢" })).toBe("long");
  expect(why({ prompt: "🌧🌧🌧🌧" })).toBe(null);
});

it("goes from the answers to the reveal", () => {
  const names = { left: { id: "b", name: "B" }, right: { id: "a", name: "A" }, reason: null };
  const duel = (state: string, off_air: string | null = null) =>
    desk({ phase: "duel", duel: { state, prompt: "Tea?", left: { off_air }, right: { off_air } }, names });
  expect(nextOf(duel("live"), draft, 100)).toMatchObject({ step: "open", command: null, why: "answering" });
  expect(nextOf(duel("answered"), draft, 100).command).toEqual({ type: "open_vote", seconds: 60 });
  expect(nextOf(duel("answered"), { ...draft, seconds: 2 }, 100).why).toBe("seconds");
  expect(nextOf(duel("failed"), { ...draft, a: "" }, 100)).toMatchObject({
    step: "again",
    command: { type: "start_duel", prompt: "Tea?", entry_a: "b", entry_b: "a" },
  });
  expect(nextOf(duel("answered", "dumped"), draft, 100)).toMatchObject({ step: "again", why: null });
  expect(nextOf(duel("live", "dumped"), draft, 100)).toMatchObject({ step: "open", command: null, why: "answering" });
  expect(nextOf(duel("answered", "replaced"), draft, 100).step).toBe("open");
  expect(nextOf(desk({ phase: "vote" }), draft, 100).command).toEqual({ type: "lock_vote" });
  expect(nextOf(desk({ phase: "locked" }), draft, 100).command).toEqual({ type: "reveal" });
  expect(nextOf(desk({ phase: "finished" }), draft, 100).command).toBe(null);
});
