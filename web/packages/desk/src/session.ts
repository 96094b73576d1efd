import { ApiError, api, type Me } from "@gavel/api";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ME } from "./query";

async function load(): Promise<Me | null> {
  try {
    return await api.get("/api/me");
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

/** Who is signed in; `data` is null for nobody. */
export function useMe() {
  return useQuery({ queryKey: ME, queryFn: load, staleTime: 60_000 });
}

/** The person inside a `Gate`, where somebody is always signed in. */
export function usePerson(): Me {
  const { data } = useMe();
  if (!data) throw new Error("usePerson outside a Gate");
  return data;
}

/** After signing in or accepting an invitation: this is who is here now. */
export function useArrive() {
  const queries = useQueryClient();
  return (me: Me) => {
    // What was loaded for somebody else, or for nobody, must not be shown to this person.
    queries.removeQueries({ predicate: (query) => query.queryKey[0] !== ME[0] });
    queries.setQueryData(ME, me);
  };
}

/** Sign out and start afresh: the live connection carries the session it was opened with. */
export function useSignOut() {
  return useMutation({
    mutationFn: () => api.post("/api/auth/logout"),
    onSuccess: () => location.reload(),
  });
}
