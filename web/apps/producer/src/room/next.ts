import type { Command, Desk, StageDuel } from "@gavel/api";
import type { Draft } from "./draft";

/** What GO says it will do. The words are `go.<name>` in the catalogs. */
export type Step = "start" | "again" | "open" | "lock" | "reveal" | "over";

/** Why GO cannot be pressed now: `go.why.<name>` in the catalogs. */
export type Why =
  | "answering"
  | "entries"
  | "same"
  | "prompt"
  | "follow_up"
  | "long"
  | "seconds"
  | "delay"
  | "counting"
  | "over";

export interface Next {
  step: Step;
  /** Null while it cannot be done; `why` then says what is missing. */
  command: Command | null;
  why: Why | null;
}

const HALL = { id: "hall", delay_seconds: 0 };

/** Whoever sees the show `delay` seconds later votes as much later. */
export const channelsOf = (delay: number) => (delay > 0 ? [HALL, { id: "stream", delay_seconds: delay }] : [HALL]);

export const SECONDS = { least: 5, most: 3600 };
export const DELAY = { least: 0, most: 120 };
export const TURNS = { least: 2, most: 6 };

/** Characters as the portal counts them: code points, not UTF-16 units. */
export function length(text: string): number {
  return [...text].length;
}

/** Only entries that can still go on stage: one may have been withdrawn since it was chosen. */
export function startOf(draft: Draft, desk: Desk, limit: number): Next {
  const refuse = (why: Why): Next => ({ step: "start", command: null, why });
  const ready = (id: string) => desk.roster.some((row) => row.entry_id === id && row.ready);
  const prompt = draft.prompt.trim();
  if (!ready(draft.a) || !ready(draft.b)) return refuse("entries");
  if (draft.a === draft.b) return refuse("same");
  if (prompt === "") return refuse("prompt");
  const followUps = draft.kind === "follow_up" ? draft.followUps.map((one) => one.trim()) : [];
  if (followUps.includes("") || (draft.kind === "follow_up" && followUps.length === 0)) return refuse("follow_up");
  if ([prompt, ...followUps].some((one) => length(one) > limit)) return refuse("long");
  const command = start({ ...draft, prompt, followUps, images: [] });
  return { step: "start", command, why: null };
}

type Wanted = Omit<Draft, "seconds" | "delay" | "level"> & { images: string[] };

function start({ kind, followUps, turns, prompt, a, b, images }: Wanted): Command {
  const about = { prompt, entry_a: a, entry_b: b, kind, follow_ups: followUps, images };
  return { type: "start_duel", ...about, turns: kind === "debate" ? turns : null };
}

/** The one thing GO does now. Pure: the same show and draft always give the same button. */
export function nextOf(desk: Desk, draft: Draft, limit: number): Next {
  switch (desk.phase) {
    case "idle":
    case "revealed":
      return startOf(draft, desk, limit);
    case "duel":
      return ofDuel(desk, draft);
    case "vote":
      return { step: "lock", command: { type: "lock_vote" }, why: null };
    case "locked":
      if (desk.ballot?.state !== "certified") return { step: "reveal", command: null, why: "counting" };
      return { step: "reveal", command: { type: "reveal" }, why: null };
    case "finished":
      return { step: "over", command: null, why: "over" };
  }
}

/** Nothing of it counts, so it may be started again or another one in its place: it failed, or it was taken off air. */
export function isSpent({ state, left }: StageDuel): boolean {
  return state === "failed" || (state === "answered" && left.off_air === "dumped");
}

function ofDuel({ duel, names }: Desk, { seconds, delay, level }: Draft): Next {
  if (duel && names && isSpent(duel)) {
    const { left, right, follow_ups: followUps, images } = names;
    const command = start({ ...duel, followUps, images, a: left.id, b: right.id });
    return { step: "again", command, why: null };
  }
  if (duel?.state !== "answered") return { step: "open", command: null, why: "answering" };
  if (!Number.isInteger(seconds) || seconds < SECONDS.least || seconds > SECONDS.most)
    return { step: "open", command: null, why: "seconds" };
  if (!Number.isInteger(delay) || delay < DELAY.least || delay > DELAY.most)
    return { step: "open", command: null, why: "delay" };
  return { step: "open", command: { type: "open_vote", seconds, channels: channelsOf(delay), level }, why: null };
}
