import type { BaseModel } from "@gavel/api";
import { StateMark, type Tone } from "@gavel/desk";
import { useT } from "../i18n";
import { idOf } from "../nodes/idOf";
import { Digest } from "./Digest";
import css from "./Models.module.css";

type Node = BaseModel["nodes"][number];

/** What is said of the weights that a node serves. */
function judge(node: Node): { tone: Tone; key: "fake" | "unknown" | "stated" | "as_pinned" | "other" } {
  if (node.fake) return { tone: "calm", key: "fake" };
  if (!node.digest) return { tone: "busy", key: "unknown" };
  if (node.as_pinned === null) return { tone: "calm", key: "stated" };
  return node.as_pinned ? { tone: "good", key: "as_pinned" } : { tone: "bad", key: "other" };
}

/** The nodes with this model, and whether they have the same weights. */
export function Serving({ model }: { model: BaseModel }) {
  const { t, find } = useT();
  const stated = new Set(model.nodes.filter((node) => !node.fake && node.digest).map((node) => node.digest));
  return (
    <div className={css.part}>
      <h3>{t("models.nodes")}</h3>
      {model.nodes.length === 0 && <p>{t("models.no_node")}</p>}
      <ul className={css.nodes}>
        {model.nodes.map((node) => {
          const { tone, key } = judge(node);
          return (
            <li key={node.id}>
              <StateMark tone={tone} />
              <span>
                <b>{node.hardware_class}</b> {idOf(node)} · {find(`node.${node.state}`) ?? node.state}
                <small>
                  {t(`models.weights_of.${key}`)} {node.digest && !node.fake && <Digest of={node.digest} />}
                </small>
              </span>
            </li>
          );
        })}
      </ul>
      {stated.size > 1 && (
        <p className={css.warn} role="alert">
          <StateMark tone="warn" /> {t("models.unlike")}
        </p>
      )}
    </div>
  );
}
