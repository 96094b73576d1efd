import type { Choice } from "@gavel/api";
import type { Scores } from "./sides";

/** The longest note the portal takes, in characters. */
export const NOTE_LIMIT = 500;

/** What a judge has in hand, submitted or not. Sides are as the judge sees them. */
export interface Draft {
  choice: Choice | null;
  note: string;
  scores: Scores;
}

export const EMPTY: Draft = { choice: null, note: "", scores: {} };

/** Whether the draft says something that the submitted verdict does not. */
export function differs(draft: Draft, saved: Draft | null): boolean {
  const { choice, note, scores } = saved ?? EMPTY;
  return draft.choice !== choice || draft.note.trim() !== note || plain(draft.scores) !== plain(scores);
}

/** The same text for the same scores, in whichever order they were given. */
function plain(scores: Scores): string {
  const given = Object.entries(scores).flatMap(([id, sides]) =>
    Object.entries(sides).map(([side, score]) => `${id}.${side}=${score}`),
  );
  return given.sort().join();
}

const STORED = "gavel.verdict-draft";

interface Stored extends Draft {
  person: string;
  ballot: string;
  version: number;
}

/**
 * What this device kept, unless the portal has something newer from another one (`version` counts what it has taken).
 * One draft a device: of the ballot that was judged last. An older ballot is locked, so its draft is worth nothing;
 * another judge at the same tablet must not find it either.
 */
export function recallDraft(person: string, ballot: string, version: number): Draft | null {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? "null") as Stored | null;
    if (kept?.person !== person || kept.ballot !== ballot || kept.version < version) return null;
    return { choice: kept.choice, note: kept.note, scores: kept.scores ?? {} };
  } catch {
    return null;
  }
}

/** Keep the draft over a reload, also without a network; null forgets it. */
export function keepDraft(person: string, ballot: string, version: number, draft: Draft | null): void {
  try {
    if (draft === null) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, JSON.stringify({ ...draft, person, ballot, version } satisfies Stored));
  } catch {
    // A private window may refuse storage: the portal has the draft all the same.
  }
}
