const SAMPLES = 8;

/**
 * The server's clock as seen from here. A stamp is always a little old when it arrives, so of the
 * last samples the largest offset is the one with the least delay, hence the best.
 */
export class ServerClock {
  private offsets: number[] = [];
  private readonly local: () => number;

  constructor(local: () => number = Date.now) {
    this.local = local;
  }

  /** Take a server time stamp (ISO 8601) that has just arrived. */
  sample(iso: string): void {
    const server = Date.parse(iso);
    if (Number.isNaN(server)) return;
    this.offsets.push(server - this.local());
    if (this.offsets.length > SAMPLES) this.offsets.shift();
  }

  /** Milliseconds since 1970 by the server's clock; the local clock before the first sample. */
  now(): number {
    return this.local() + (this.offsets.length > 0 ? Math.max(...this.offsets) : 0);
  }
}
