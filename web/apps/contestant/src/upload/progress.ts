import type { Submission } from "@gavel/api";

/** How much of an upload has arrived, from 0 to 1 in whole percent; 1 only when all of it has. */
export function shareOf({ uploads }: Pick<Submission, "uploads">): number {
  const [received, size] = uploads.reduce(([r, s], file) => [r + file.received, s + file.size], [0, 0]);
  return size === 0 ? 0 : Math.floor((100 * received) / size) / 100;
}
