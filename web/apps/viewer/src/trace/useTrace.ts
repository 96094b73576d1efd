import { ApiError, api, type Trace } from "@gavel/api";
import { useEffect } from "react";
import { type Loaded, useLoad } from "../shared/load";

const SEALED_AGAIN_MS = 8_000;
const LAB_AGAIN_MS = 15_000;

/** A turn of the duel. Looked at again while it is sealed, and while a lab is at one of its answers. */
export function useTrace(duel: string, turn: number): Loaded<Trace> {
  const loaded = useLoad(`trace:${duel}:${turn}`, () =>
    api.get("/api/duels/{duel_id}/trace", { params: { path: { duel_id: duel }, query: { turn } } }),
  );
  const { data, error, retry } = loaded;
  useEffect(() => {
    const wait = isSealed(error) ? SEALED_AGAIN_MS : data && underWay(data) ? LAB_AGAIN_MS : null;
    if (wait === null) return;
    const timer = setTimeout(retry, wait);
    return () => clearTimeout(timer);
  }, [data, error, retry]);
  return loaded;
}

export function isSealed(error: unknown): boolean {
  return error instanceof ApiError && error.code === "trace.not_revealed";
}

function underWay({ left, right }: Trace): boolean {
  return [left, right].some(({ attention }) => attention.state === "waiting" || attention.state === "running");
}
