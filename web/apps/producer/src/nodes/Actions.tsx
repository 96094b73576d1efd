import { api, type EngineNode } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { NODES } from "../app/queries";
import { useT } from "../i18n";
import { idOf } from "./idOf";
import css from "./Nodes.module.css";

/** What may be asked about before it is done. */
export type Done = "recycle" | "remove";
type Act = Done | "drain" | "undrain";

function carryOut(act: Act, id: string): Promise<unknown> {
  const init = { params: { path: { node_id: id } } };
  if (act === "remove") return api.delete("/api/nodes/{node_id}", init);
  return api.post(`/api/nodes/{node_id}/${act}`, init);
}

/** An engine that the node has not started is started anew where it runs. */
function startsAnew(node: EngineNode): boolean {
  return !node.uses.some((use) => use.mode === "recycle" && use.lacks.length > 0);
}

export function Actions({ node, onDone }: { node: EngineNode; onDone: (what: Done) => void }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Done | null>(null);
  const doing = useMutation({
    mutationFn: (act: Act) => carryOut(act, node.id),
    onSuccess: (_, act) => {
      if (act === "recycle" || act === "remove") onDone(act);
    },
    onSettled: () => {
      setAsking(null);
      return queries.invalidateQueries({ queryKey: NODES });
    },
  });
  const button = (act: Act, onClick: () => void) => (
    <SmallButton
      tone={act === "remove" ? "danger" : undefined}
      aria-label={t("nodes.of", { action: t(`nodes.${act}`), node: `${node.hardware_class} ${idOf(node)}` })}
      onClick={onClick}
    >
      {t(`nodes.${act}`)}
    </SmallButton>
  );
  const turn = node.draining ? "undrain" : "drain";
  return (
    <>
      <div className={css.actions}>
        {button(turn, () => doing.isPending || doing.mutate(turn))}
        {startsAnew(node) && button("recycle", () => setAsking("recycle"))}
        {node.joined && button("remove", () => setAsking("remove"))}
      </div>
      {doing.error && <ErrorNote error={doing.error} />}
      {asking && (
        <Confirm
          title={t(`nodes.${asking}_title`)}
          action={t(`nodes.${asking}`)}
          busy={doing.isPending}
          onConfirm={() => doing.mutate(asking)}
          onClose={() => setAsking(null)}
        >
          {t(`nodes.${asking}_text`)}
        </Confirm>
      )}
    </>
  );
}
