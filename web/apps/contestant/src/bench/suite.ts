import { api, type Suite } from "@gavel/api";
import type { Language } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";

export function useSuite(id: string) {
  return useQuery({
    queryKey: ["suite", id],
    queryFn: () => api.get("/api/suites/{suite_id}", { params: { path: { suite_id: id } } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** The task's name for people, in their language. */
export function taskName(suite: Suite | undefined, task: string, language: Language): string {
  return suite?.families.find((family) => family.name === task)?.title[language] ?? task;
}
