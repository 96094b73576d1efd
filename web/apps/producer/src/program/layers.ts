import type { ProgramSide } from "@gavel/api";

export interface Layers {
  /** What the hall has read, or would have without its redactions. */
  aired: string;
  /** Passed by moderation, waiting for the end of its hold. */
  cleared: string;
  /** Not passed yet. */
  unread: string;
}

/** The preview in three: the portal counts characters as code points. */
export function layersOf({ text, on_air, cleared }: ProgramSide): Layers {
  const chars = [...text];
  return {
    aired: chars.slice(0, on_air).join(""),
    cleared: chars.slice(on_air, cleared).join(""),
    unread: chars.slice(Math.max(on_air, cleared)).join(""),
  };
}
