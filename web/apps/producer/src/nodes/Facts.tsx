import type { EngineNode } from "@gavel/api";
import { useT } from "../i18n";
import { idOf } from "./idOf";
import css from "./Nodes.module.css";
import { Uses } from "./Uses";

/** What the node has said of itself. */
export function Facts({ node }: { node: EngineNode }) {
  const { t, find } = useT();
  const rows = [
    [t("nodes.id"), idOf(node)],
    [t("nodes.driver"), (node.driver && find(`nodes.drivers.${node.driver}`)) ?? "–"],
    [t("nodes.base"), node.base_model ?? "–"],
    [t("nodes.build"), node.engine_build ?? "–"],
    [t("nodes.adapters"), t("nodes.adapters_value", { count: node.adapters, slots: node.slots })],
    [t("nodes.loads"), String(node.loads)],
  ];
  return (
    <>
      <dl className={css.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {!node.quarantine && <Uses node={node} />}
      {node.quarantine && <p className={css.mute}>{t("nodes.quarantine")}</p>}
      {node.fake && <p className={css.mute}>{t("nodes.fake")}</p>}
      {!node.joined && <p className={css.mute}>{t("nodes.configured")}</p>}
    </>
  );
}
