import type { Licence, Submission } from "@gavel/api";
import { navigate } from "@gavel/ui";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { ENTRIES } from "../app/queries";
import type { Files, Kind } from "./files";
import { type Doing, sendVersion } from "./sending";
import { Speed } from "./speed";

/** Under way, or paused by hand. Bytes of all files together; `rate` in bytes a second, null while unknown. */
export interface Running {
  step: Doing | "paused";
  done: number;
  total: number;
  rate: number | null;
  /** The version on the portal; null before it has heard of it. */
  submission: Submission | null;
}

export type Upload = { step: "idle"; cancelled: boolean } | Running | { step: "failed"; error: unknown };

const IDLE: Upload = { step: "idle", cancelled: false };

/** By entry, and outside of the pages: looking something up meanwhile must not stop an upload. */
const uploads = new Map<string, Upload>();
const chosen = new Map<string, [Kind, Files, Licence | null]>();
const stops = new Map<string, AbortController>();
const listeners = new Set<() => void>();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function set(entry: string, state: Upload): void {
  uploads.set(entry, state);
  for (const listener of [...listeners]) listener();
}

function stay(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

export function isRunning(upload: Upload): upload is Running {
  return upload.step !== "idle" && upload.step !== "failed";
}

async function run(
  queries: QueryClient,
  entry: string,
  artifact: Kind,
  files: Files,
  licence: Licence | null,
): Promise<void> {
  stops.get(entry)?.abort();
  const stop = new AbortController();
  const speed = new Speed();
  const before = uploads.get(entry);
  let running: Running = {
    step: "hashing",
    done: 0,
    total: Object.values(files).reduce((sum, file) => sum + file.size, 0),
    rate: null,
    submission: null,
  };
  // Gone on with after a pause: what was known stays on the page until the portal has said more.
  let asked = true;
  if (before?.step === "paused") {
    running = { ...before, step: "sending", rate: null };
    asked = false;
  }
  const change = (news: Partial<Running>) => {
    running = { ...running, ...news };
    if (!stop.signal.aborted) set(entry, running);
  };
  chosen.set(entry, [artifact, files, licence]);
  stops.set(entry, stop);
  change({});
  window.addEventListener("beforeunload", stay);
  try {
    const made = await sendVersion(
      entry,
      artifact,
      files,
      licence,
      {
        step: (step, done) => {
          const rate = step === "sending" ? speed.add(done, performance.now()) : null;
          if (asked) change({ step, done, rate });
          else if (step === "waiting") change({ step, rate });
        },
        announced: (submission) => {
          asked = true;
          change({ submission });
          void queries.invalidateQueries({ queryKey: ENTRIES });
        },
      },
      stop.signal,
    );
    change({ step: "arriving" });
    await queries.invalidateQueries({ queryKey: ENTRIES });
    set(entry, IDLE);
    // To the verdict, unless the contestant has gone elsewhere meanwhile.
    if (location.pathname.endsWith(`/entries/${entry}`)) navigate(`/submissions/${made.id}`);
  } catch (error) {
    if (!stop.signal.aborted) await queries.invalidateQueries({ queryKey: ENTRIES });
    if (!stop.signal.aborted) set(entry, { step: "failed", error });
  } finally {
    if (stops.get(entry) === stop) stops.delete(entry);
    if (stops.size === 0) window.removeEventListener("beforeunload", stay);
  }
}

/** Stop sending. What has arrived stays. */
export function pause(entry: string): void {
  const now = uploads.get(entry) ?? IDLE;
  stops.get(entry)?.abort();
  if (isRunning(now)) set(entry, { ...now, step: "paused", rate: null });
}

/** Stop sending, and no more of it here. */
export function forget(entry: string): void {
  stops.get(entry)?.abort();
  set(entry, { step: "idle", cancelled: true });
}

/** What is on its way for an entry. */
export function useUploadOf(entry: string): Upload {
  return useSyncExternalStore(subscribe, () => uploads.get(entry) ?? IDLE);
}

export interface Uploading {
  upload: Upload;
  /** A data set comes with its licence. */
  send: (artifact: Kind, files: Files, licence: Licence | null) => void;
  /** Go on after a pause, or try again after a failure, with the same files. */
  goOn: () => void;
}

/** Send versions of an entry. It goes on while other pages are looked at. */
export function useUpload(entry: string): Uploading {
  const queries = useQueryClient();
  const upload = useUploadOf(entry);
  return {
    upload,
    send: (artifact, files, licence) => void run(queries, entry, artifact, files, licence),
    goOn: () => {
      const sent = chosen.get(entry);
      if (sent) void run(queries, entry, ...sent);
    },
  };
}
