import { api, type Submission, upload } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { navigate } from "@gavel/ui";
import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { ENTRIES } from "../app/queries";
import { deliver } from "./deliver";
import { Speed } from "./speed";

/**
 * - `idle`: nothing on its way; `cancelled` when the last try was stopped by hand
 * - `sending`: `rate` in bytes a second, null while unknown
 * - `arriving`: every byte is there, the portal has not answered yet
 * - `failed`: `version` is the one that was being sent; it may have arrived
 */
export type Upload =
  | { step: "idle"; cancelled: boolean }
  | { step: "sending"; done: number; total: number; rate: number | null }
  | { step: "arriving" }
  | { step: "failed"; error: unknown; version: number };

const IDLE: Upload = { step: "idle", cancelled: false };

/** By entry, and outside of the pages: looking something up meanwhile must not stop an upload. */
const uploads = new Map<string, Upload>();
const aborts = new Map<string, AbortController>();
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

/** What is on its way for an entry. */
export function useUploadOf(entry: string): Upload {
  return useSyncExternalStore(subscribe, () => uploads.get(entry) ?? IDLE);
}

interface Version {
  queries: QueryClient;
  entry: string;
  /** The number that this version becomes. */
  version: number;
  config: File;
  weights: File;
}

async function run({ queries, entry, version, config, weights }: Version): Promise<void> {
  const before = uploads.get(entry);
  const again = before?.step === "failed" && retryable(before.error);
  const number = again ? before.version : version;
  const total = config.size + weights.size;
  const controller = new AbortController();
  const speed = new Speed();
  const form = new FormData();
  form.set("config", config);
  form.set("weights", weights);

  const send = () =>
    upload<Submission>(
      `/api/entries/${entry}/submissions`,
      form,
      (done, whole) => {
        if (done >= whole) set(entry, { step: "arriving" });
        else set(entry, { step: "sending", done, total: whole, rate: speed.add(done, performance.now()) });
      },
      controller.signal,
    );
  const look = async () => {
    const entries = await api.get("/api/entries");
    queries.setQueryData(ENTRIES, entries);
    const versions = entries.find((one) => one.id === entry)?.submissions ?? [];
    return versions.find((one) => one.version === number && one.size_bytes === total) ?? null;
  };

  aborts.set(entry, controller);
  set(entry, { step: "sending", done: 0, total, rate: null });
  window.addEventListener("beforeunload", stay);
  try {
    const made = await deliver(send, look, retryable, again);
    set(entry, IDLE);
    void queries.invalidateQueries({ queryKey: ENTRIES });
    // To the verdict, unless the contestant has gone elsewhere meanwhile.
    if (location.pathname.endsWith(`/entries/${entry}`)) navigate(`/submissions/${made.id}`);
  } catch (error) {
    const stopped = controller.signal.aborted;
    set(entry, stopped ? { step: "idle", cancelled: true } : { step: "failed", error, version: number });
  } finally {
    aborts.delete(entry);
    if (aborts.size === 0) window.removeEventListener("beforeunload", stay);
  }
}

export interface Uploading {
  upload: Upload;
  send: (config: File, weights: File) => void;
  cancel: () => void;
}

/** Send versions of an entry. It goes on while other pages are looked at. */
export function useUpload(entry: string, version: number): Uploading {
  const queries = useQueryClient();
  return {
    upload: useUploadOf(entry),
    send: (config, weights) => void run({ queries, entry, version, config, weights }),
    cancel: () => aborts.get(entry)?.abort(),
  };
}
