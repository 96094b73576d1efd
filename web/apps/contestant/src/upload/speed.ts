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
    this.marks.push({ at, bytes });
    this.marks = this.marks.filter((mark) => at - mark.at <= WINDOW_MS);
    const first = this.marks[0] as Mark;
    const elapsed = at - first.at;
    return elapsed < 200 ? null : ((bytes - first.bytes) * 1000) / elapsed;
  }
}
