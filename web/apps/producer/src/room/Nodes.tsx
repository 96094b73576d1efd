import { api, type EngineNode } from "@gavel/api";
import { Meter, SmallButton, StateMark, type Tone, useTimes } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { useT } from "../i18n";
import css from "./Rail.module.css";

const TONES: Record<string, Tone> = {
  ready: "good",
  preparing: "busy",
  starting: "busy",
  draining: "warn",
  failed: "bad",
  unreachable: "bad",
};

/** The machines that answer: whether they can, and what they are at. */
export function Nodes({ nodes }: { nodes: EngineNode[] }) {
  const { t } = useT();
  return (
    <Card className={css.card}>
      <h2>{t("nodes.title")}</h2>
      {nodes.length === 0 ? (
        <p className={css.mute}>{t("nodes.none")}</p>
      ) : (
        <ul className={css.nodes}>
          {nodes.map((node) => (
            <li key={node.id}>
              <NodeStatus node={node} />
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** What a node is and what it is at, in a few lines. */
export function NodeStatus({ node }: { node: EngineNode }) {
  const { t, find } = useT();
  const { clock } = useTimes();
  const { state, detail, lease } = node;
  const progress = progressOf(node.progress);
  return (
    <>
      <p>
        <StateMark tone={node.draining ? "warn" : (TONES[state] ?? "calm")} />
        <b>{node.hardware_class}</b>
        <span>{node.draining ? t("nodes.drains") : (find(`node.${state}`) ?? state)}</span>
      </p>
      {detail && <small>{detail}</small>}
      {progress && state !== "ready" && <Meter {...progress} label={t("nodes.progress")} />}
      <small>
        {lease
          ? t("nodes.lease", {
              kind: find(`nodes.held.${lease.kind}`) ?? lease.kind,
              until: lease.until ? clock(lease.until) : "–",
            })
          : state === "ready" && t("nodes.free")}
      </small>
      {node.another_key && <AnotherKey node={node} />}
    </>
  );
}

/** It may have been set up anew, or it may be somebody else: a person has to know. */
function AnotherKey({ node }: { node: EngineNode }) {
  const { t, errorText } = useT();
  const accepting = useMutation({
    mutationFn: () => api.post("/api/nodes/{node_id}/new-key", { params: { path: { node_id: node.id } } }),
  });
  return (
    <div className={css.key} role="alert">
      <p className={css.warn}>{t("nodes.another_key")}</p>
      <SmallButton disabled={accepting.isPending || accepting.isSuccess} onClick={() => accepting.mutate()}>
        {t("nodes.accept_key")}
      </SmallButton>
      {accepting.error && <p className={css.warn}>{errorText(accepting.error)}</p>}
    </div>
  );
}

/** The node says it in its own words; take only what can be drawn. */
function progressOf(progress: EngineNode["progress"]): { done: number; total: number } | null {
  const { done, total } = progress ?? {};
  return typeof done === "number" && typeof total === "number" ? { done, total } : null;
}
