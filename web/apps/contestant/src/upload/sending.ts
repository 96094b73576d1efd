import { ApiError, api, type Licence, type Submission } from "@gavel/api";
import { append } from "./append";
import type { Files, Kind } from "./files";
import { sha256Of } from "./hash";
import { insist } from "./insist";

/**
 * - `hashing`: the files are read on this device
 * - `sending`: bytes are on their way
 * - `waiting`: the line is broken; it goes on by itself
 * - `arriving`: every byte is sent, the portal has not answered yet
 */
export type Doing = "hashing" | "sending" | "waiting" | "arriving";

export interface Listener {
  /** `done` of all files together, in bytes. */
  step: (doing: Doing, done: number) => void;
  /** The portal knows the version now: from here on it can be gone on with, or must be cancelled. */
  announced: (submission: Submission) => void;
}

const hashes = new WeakMap<File, string>();

/**
 * Send a version from wherever it is: the same files announced again go on where they ended. Returns when the last byte
 * has been acknowledged. Throws ApiError; the reason of `signal` when it says stop.
 */
export async function sendVersion(
  entry: string,
  artifact: Kind,
  files: Files,
  licence: Licence | null,
  listener: Listener,
  signal: AbortSignal,
): Promise<Submission> {
  const described = await describe(files, (done) => listener.step("hashing", done), signal);
  const announce = () =>
    api.post("/api/entries/{entry_id}/submissions", {
      params: { path: { entry_id: entry } },
      body: { artifact, files: described, licence },
    });
  const submission = await insist(announce, () => listener.step("waiting", 0), signal);
  signal.throwIfAborted();
  listener.announced(submission);

  const there = new Map(submission.uploads.map(({ id, received }) => [id, received]));
  const done = () => [...there.values()].reduce((sum, bytes) => sum + bytes, 0);
  for (const { id, name, size } of submission.uploads) {
    const file = files[name] as File;
    const sendRest = async (through: () => void) => {
      await checkReadable(file);
      const before = there.get(id) ?? 0;
      await append(
        id,
        file,
        (bytes) => {
          if (bytes > before) through();
          there.set(id, bytes);
          listener.step(done() < submission.size_bytes ? "sending" : "arriving", done());
        },
        signal,
      );
      there.set(id, size);
    };
    if (there.get(id) !== size) await insist(sendRest, () => listener.step("waiting", done()), signal);
  }
  return submission;
}

async function describe(files: Files, tell: (done: number) => void, signal: AbortSignal) {
  const described: { name: string; size: number; sha256: string }[] = [];
  let before = 0;
  for (const [name, file] of Object.entries(files)) {
    const known = hashes.get(file);
    const sha256 = known ?? (await sha256Of(file, (done) => tell(before + done), signal).catch(explain(signal)));
    hashes.set(file, sha256);
    described.push({ name, size: file.size, sha256 });
    before += file.size;
    tell(before);
  }
  return described;
}

/** A browser says of a file that has changed since it was chosen only that the line broke. */
async function checkReadable(file: File): Promise<void> {
  await file.slice(0, 1).arrayBuffer().catch(explain());
}

function explain(signal?: AbortSignal): (error: unknown) => never {
  return (error) => {
    signal?.throwIfAborted();
    const told = new ApiError("upload.unreadable", "The file has changed or gone since it was chosen.", 400);
    told.cause = error;
    throw told;
  };
}
