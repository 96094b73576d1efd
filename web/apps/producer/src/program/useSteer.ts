import { api, type Steer } from "@gavel/api";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useEffectEvent } from "react";

/** Hold, release, replace or dump. What is done shows on the live channel; only a refusal shows here. */
export function useSteer(duel: string) {
  return useMutation({
    mutationFn: (steer: Steer) =>
      api.post("/api/duels/{duel_id}/program", { params: { path: { duel_id: duel } }, body: steer }),
  });
}

/** A key of its own, which types nothing: it works wherever the hands are, in the middle of a prompt too. */
export const DUMP_KEY = "F8";

export function useDumpKey(dump: () => void): void {
  const press = useEffectEvent(dump);
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.key !== DUMP_KEY || event.repeat) return;
      event.preventDefault();
      press();
    };
    window.addEventListener("keydown", down);
    return () => window.removeEventListener("keydown", down);
  }, []);
}
