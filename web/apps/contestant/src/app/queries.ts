import { api, clock, type Entry, type Submission } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";

const LOOK_AGAIN_MS = 3_000;
const ERROR_AGAIN_MS = 4_000;
const CLOCK_MS = 5_000;
const ENDED = new Set<Submission["state"]>(["refused", "ready", "failed", "cancelled", "withdrawn"]);

/** Kinds whose way ends with the verdict: no step follows it. */
type JudgedOnly = "dataset" | "model";

export const ENTRIES = ["entries"];

/** Whether a version is at the end of its way although it is not on stage. */
export function endsVerified<T extends Pick<Submission, "artifact">>(
  version: T,
): version is T & { artifact: JudgedOnly } {
  return version.artifact === "dataset" || version.artifact === "model";
}

export function isUnderWay(submission: Submission): boolean {
  return !ENDED.has(submission.state) && !(submission.state === "verified" && endsVerified(submission));
}

function anyUnderWay(entries: Entry[] | undefined): boolean {
  return entries?.some((entry) => entry.submissions.some(isUnderWay)) ?? false;
}

/** The portal's clock, looked at every few seconds: for what ends at a time. */
export function useNow(): number {
  const [now, setNow] = useState(clock.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(clock.now()), CLOCK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** My entries with their versions, newest first; looks again while a version is under way. */
export function useEntries() {
  return useQuery({
    queryKey: ENTRIES,
    queryFn: () => api.get("/api/entries"),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return anyUnderWay(state.data) ? LOOK_AGAIN_MS : false;
    },
  });
}

export function useSeason() {
  return useQuery({ queryKey: ["season"], queryFn: () => api.get("/api/seasons/current"), staleTime: 60_000 });
}

export function useBoard() {
  return useQuery({ queryKey: ["board"], queryFn: () => api.get("/api/leaderboard") });
}
