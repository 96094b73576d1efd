import { api, type Command, type Desk, newKey } from "@gavel/api";
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";

interface Given {
  version: number;
  body: string;
  key: string;
}

/**
 * Give commands for the show as it stands on this desk. The same command for the same version keeps
 * its key, so that pressing again after a lost answer cannot do the deed twice.
 */
export function useCommand(desk: Desk) {
  const last = useRef<Given | null>(null);
  const giving = useMutation({
    mutationFn: (command: Command) => {
      const given = { version: desk.version, body: JSON.stringify(command) };
      if (last.current?.version !== given.version || last.current.body !== given.body)
        last.current = { ...given, key: newKey() };
      return api.post("/api/episodes/{episode_id}/commands", {
        params: { path: { episode_id: desk.episode.id } },
        body: { expected_version: given.version, key: last.current.key, command },
      });
    },
  });
  // Done by the portal but not yet seen here: a press now would be for a show that is already gone.
  const ahead = giving.data !== undefined && giving.data.version > desk.version;
  return {
    busy: giving.isPending || ahead,
    error: giving.error,
    give: giving.mutate,
    dismiss: giving.reset,
  };
}

export type Hand = ReturnType<typeof useCommand>;
