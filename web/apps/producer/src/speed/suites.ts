import { api } from "@gavel/api";
import { useQuery } from "@tanstack/react-query";

/** The suites that this site has. They change when somebody imports one. */
export function useSuites() {
  return useQuery({ queryKey: ["suites"], queryFn: () => api.get("/api/suites"), staleTime: 60_000 });
}
