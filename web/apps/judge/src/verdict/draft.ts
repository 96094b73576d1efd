import type { Choice, Verdict } from "@gavel/api";

/** The longest note the portal takes, in characters. */
export const NOTE_LIMIT = 500;

/** What a judge has in hand, submitted or not. */
export interface Draft {
  choice: Choice | null;
  note: string;
}

export const EMPTY: Draft = { choice: null, note: "" };

/** Whether the draft says something that the submitted verdict does not. */
export function differs(draft: Draft, saved: Verdict | null): boolean {
  return draft.choice !== (saved?.choice ?? null) || draft.note.trim() !== (saved?.note ?? "");
}

const STORED = "gavel.verdict-draft";

interface Stored extends Draft {
  person: string;
  ballot: string;
}

/**
 * One draft a device: of the ballot that was judged last. An older ballot is locked, so its draft is worth nothing;
 * another judge at the same tablet must not find it either.
 */
export function recallDraft(person: string, ballot: string): Draft | null {
  try {
    const kept = JSON.parse(localStorage.getItem(STORED) ?? "null") as Stored | null;
    if (kept?.person !== person || kept.ballot !== ballot) return null;
    return { choice: kept.choice, note: kept.note };
  } catch {
    return null;
  }
}

/** Keep the draft over a reload; null forgets it. */
export function keepDraft(person: string, ballot: string, draft: Draft | null): void {
  try {
    if (draft === null) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, JSON.stringify({ ...draft, person, ballot } satisfies Stored));
  } catch {
    // A private window may refuse storage: the draft then lasts as long as the page.
  }
}
