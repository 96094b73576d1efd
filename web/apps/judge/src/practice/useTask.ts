import { api } from "@gavel/api";
import { useQuery } from "@tanstack/react-query";

export const TASK = ["practice-pair"];

/** The next practice pair; null when there is none. */
export function useTask() {
  return useQuery({ queryKey: TASK, queryFn: () => api.get("/api/judging/calibration/next") });
}
