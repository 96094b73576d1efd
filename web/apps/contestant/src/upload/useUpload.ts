import { type Submission, upload } from "@gavel/api";
import { navigate } from "@gavel/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { ENTRIES } from "../app/queries";
import { Speed } from "./speed";

/**
 * - `idle`: nothing on its way; `cancelled` when the last try was stopped by hand
 * - `sending`: `rate` in bytes a second, null while unknown
 * - `arriving`: every byte is there, the portal has not answered yet
 */
export type Upload =
  | { step: "idle"; cancelled: boolean }
  | { step: "sending"; done: number; total: number; rate: number | null }
  | { step: "arriving" }
  | { step: "failed"; error: unknown };

export interface Uploading {
  upload: Upload;
  send: (config: File, weights: File) => void;
  cancel: () => void;
}

/** Send one version of an entry and go to its verdict. */
export function useUpload(entry: string): Uploading {
  const [state, setState] = useState<Upload>({ step: "idle", cancelled: false });
  const queries = useQueryClient();
  const abort = useRef<AbortController>(undefined);
  const busy = state.step === "sending" || state.step === "arriving";

  useEffect(() => () => abort.current?.abort(), []);
  useEffect(() => {
    if (!busy) return;
    const stay = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", stay);
    return () => window.removeEventListener("beforeunload", stay);
  }, [busy]);

  async function run(config: File, weights: File) {
    const controller = new AbortController();
    abort.current = controller;
    const speed = new Speed();
    const form = new FormData();
    form.set("config", config);
    form.set("weights", weights);
    setState({ step: "sending", done: 0, total: config.size + weights.size, rate: null });
    try {
      const made = await upload<Submission>(
        `/api/entries/${entry}/submissions`,
        form,
        (done, total) => {
          if (done >= total) setState({ step: "arriving" });
          else setState({ step: "sending", done, total, rate: speed.add(done, performance.now()) });
        },
        controller.signal,
      );
      void queries.invalidateQueries({ queryKey: ENTRIES });
      navigate(`/submissions/${made.id}`);
    } catch (error) {
      setState(controller.signal.aborted ? { step: "idle", cancelled: true } : { step: "failed", error });
    }
  }

  return {
    upload: state,
    send: (config, weights) => void run(config, weights),
    cancel: () => abort.current?.abort(),
  };
}
