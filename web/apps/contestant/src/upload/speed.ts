const WINDOW_MS = 4_000;

interface Mark {
  at: number;
  bytes: number;
}

/** How fast an upload goes, over the last few seconds. */
export class Speed {
  private marks: Mark[] = [];

  /** Bytes sent in all, at a time in ms. Returns bytes a second; null while too little is known. */
  add(bytes: number, at: number): number | null {
    // Fewer than before: the line broke, and part of what was on its way is lost.
    if (bytes < (this.marks.at(-1)?.bytes ?? 0)) this.marks = [];
    this.marks.push({ at, bytes });
    this.marks = this.marks.filter((mark) => at - mark.at <= WINDOW_MS);
    const first = this.marks[0] as Mark;
    const elapsed = at - first.at;
    return elapsed < 200 ? null : ((bytes - first.bytes) * 1000) / elapsed;
  }
}

/** Time left in the largest unit that makes sense; null when nobody can say. */
export function leftOf(
  bytes: number,
  rate: number | null,
): { count: number; unit: "seconds" | "minutes" | "hours" } | null {
  if (rate === null || rate <= 0) return null;
  const seconds = Math.ceil(bytes / rate);
  if (seconds < 90) return { count: seconds, unit: "seconds" };
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? { count: minutes, unit: "minutes" } : { count: Math.round(minutes / 60), unit: "hours" };
}
