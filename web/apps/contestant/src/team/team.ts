import { api, type Team } from "@gavel/api";
import { retryable, usePerson } from "@gavel/desk";
import { type UseMutationResult, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ENTRIES } from "../app/queries";

const TEAM = ["team"];
/** What the others of the team do shows after this long. */
const LOOK_AGAIN_MS = 10_000;
const ERROR_AGAIN_MS = 4_000;

/** The team that I am in; null when there is none. */
export function useTeam() {
  return useQuery({
    queryKey: TEAM,
    queryFn: () => api.get("/api/team"),
    refetchInterval: ({ state }) => (retryable(state.error) ? ERROR_AGAIN_MS : LOOK_AGAIN_MS),
  });
}

export function useCaptain(team: Team): boolean {
  return team.captain_id === usePerson().id;
}

/** Something done about the team. It decides whose entries are mine, so those are looked at anew as well. */
export function useTeamDeed<A, R>(call: (argument: A) => Promise<R>): UseMutationResult<R, Error, A> {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: call,
    // Refused, too: somebody else was faster, and the page shows what is true now.
    onSettled: () =>
      Promise.all([queries.invalidateQueries({ queryKey: TEAM }), queries.invalidateQueries({ queryKey: ENTRIES })]),
  });
}
