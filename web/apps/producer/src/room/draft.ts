import type { StageDuel } from "@gavel/api";
import { useEffect, useState } from "react";

/** What is being prepared at this desk; nobody else sees it. */
export interface Draft {
  a: string;
  b: string;
  prompt: string;
  kind: StageDuel["kind"];
  /** What is asked in the later turns; kept while another kind is chosen. */
  followUps: string[];
  /** Of a debate. */
  turns: number;
  seconds: number;
  /** Seconds that the stream shows the next duel after the hall; 0: everybody sees it at once. */
  delay: number;
  /** The least that a voter on the next duel has to show. */
  level: 0 | 1 | 2 | 3;
}

const EMPTY: Draft = {
  a: "",
  b: "",
  prompt: "",
  kind: "single",
  followUps: [],
  turns: 3,
  seconds: 60,
  delay: 0,
  level: 0,
};
/** The next duel begins without a prompt. */
export const SPENT: Partial<Draft> = { prompt: "", kind: "single", followUps: [] };
const place = (episode: string) => `gavel.producer.${episode}`;

function recall(episode: string): Draft {
  try {
    return { ...EMPTY, ...JSON.parse(sessionStorage.getItem(place(episode)) ?? "{}") };
  } catch {
    return EMPTY;
  }
}

/** The draft of an episode; a reload in the middle of a show must not lose a typed prompt. */
export function useDraft(episode: string) {
  const [draft, setDraft] = useState(() => recall(episode));
  useEffect(() => {
    try {
      sessionStorage.setItem(place(episode), JSON.stringify(draft));
    } catch {
      // A private window may refuse storage: the draft then lasts as long as the page.
    }
  }, [episode, draft]);
  const edit = (change: Partial<Draft>) => setDraft((now) => ({ ...now, ...change }));
  return [draft, edit] as const;
}
