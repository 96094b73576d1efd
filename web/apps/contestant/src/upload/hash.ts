import { createSHA256 } from "hash-wasm";

/** Some milliseconds of work on a slow phone; the page answers in between. */
const SLICE_BYTES = 2 << 20;

/**
 * SHA-256 of a file in hex, in slices: it is never in memory as a whole, and works on plain http, where browsers have no
 * `crypto.subtle`. `tell` hears the bytes done. Rejects when the file has changed or gone, and when `signal` says stop.
 */
export async function sha256Of(file: Blob, tell: (done: number) => void, signal: AbortSignal): Promise<string> {
  const hash = await createSHA256();
  for (let at = 0; at < file.size; at += SLICE_BYTES) {
    const slice = file.slice(at, at + SLICE_BYTES);
    hash.update(new Uint8Array(await slice.arrayBuffer()));
    signal.throwIfAborted();
    tell(at + slice.size);
  }
  return hash.digest("hex");
}
