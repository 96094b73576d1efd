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
const draft: Draft = {
  a: "a",
  b: "b",
  prompt: " Tea? ",
  kind: "single",
  followUps: [],
  turns: 3,
  seconds: 60,
  delay: 0,
  level: 0,
};

it("starts the prepared duel, with the prompt trimmed", () => {
  const start = {
    type: "start_duel",
    prompt: "Tea?",
    entry_a: "a",
    entry_b: "b",
    kind: "single",
    follow_ups: [],
    images: [],
    turns: null,
  };
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

it("starts follow-ups and debates with their turns", () => {
  const next = (change: Partial<Draft>) => nextOf(desk({}), { ...draft, ...change }, 8);
  expect(next({ kind: "follow_up", followUps: [" Why? ", "And?"] }).command).toMatchObject({
    kind: "follow_up",
    follow_ups: ["Why?", "And?"],
  });
  expect(next({ kind: "debate", turns: 4, followUps: ["left over"] }).command).toMatchObject({
    kind: "debate",
    turns: 4,
    follow_ups: [],
  });
  expect(next({ kind: "follow_up", followUps: [] }).why).toBe("follow_up");
  expect(next({ kind: "follow_up", followUps: ["Why?", " "] }).why).toBe("follow_up");
  expect(next({ kind: "follow_up", followUps: ["too long by far"] }).why).toBe("long");
});

it("goes from the answers to the reveal", () => {
  const names = {
    left: { id: "b", name: "B" },
    right: { id: "a", name: "A" },
    reason: null,
    follow_ups: ["Cup?"],
    images: ["ab"],
  };
  const duel = (state: string, off_air: string | null = null) =>
    desk({
      phase: "duel",
      duel: { state, prompt: "Tea?", kind: "follow_up", turns: 2, left: { off_air }, right: { off_air } },
      names,
    });
  expect(nextOf(duel("live"), draft, 100)).toMatchObject({ step: "open", command: null, why: "answering" });
  expect(nextOf(duel("answered"), draft, 100).command).toEqual({
    type: "open_vote",
    seconds: 60,
    channels: [{ id: "hall", delay_seconds: 0 }],
    level: 0,
  });
  expect(nextOf(duel("answered"), { ...draft, delay: 8 }, 100).command).toMatchObject({
    channels: [
      { id: "hall", delay_seconds: 0 },
      { id: "stream", delay_seconds: 8 },
    ],
  });
  expect(nextOf(duel("answered"), { ...draft, seconds: 2 }, 100).why).toBe("seconds");
  expect(nextOf(duel("answered"), { ...draft, delay: 0.5 }, 100).why).toBe("delay");
  expect(nextOf(duel("failed"), { ...draft, a: "" }, 100)).toMatchObject({
    step: "again",
    // As it was, with the turns that had not come yet.
    command: {
      type: "start_duel",
      prompt: "Tea?",
      entry_a: "b",
      entry_b: "a",
      kind: "follow_up",
      follow_ups: ["Cup?"],
      images: ["ab"],
    },
  });
  expect(nextOf(duel("answered", "dumped"), draft, 100)).toMatchObject({ step: "again", why: null });
  expect(nextOf(duel("live", "dumped"), draft, 100)).toMatchObject({ step: "open", command: null, why: "answering" });
  expect(nextOf(duel("answered", "replaced"), draft, 100).step).toBe("open");
  expect(nextOf(desk({ phase: "vote" }), draft, 100).command).toEqual({ type: "lock_vote" });
  const counted = (state: string) => nextOf(desk({ phase: "locked", ballot: { state } }), draft, 100);
  expect(counted("certified").command).toEqual({ type: "reveal" });
  expect(counted("counting")).toEqual({ step: "reveal", command: null, why: "counting" });
  expect(nextOf(desk({ phase: "finished" }), draft, 100).command).toBe(null);
});
