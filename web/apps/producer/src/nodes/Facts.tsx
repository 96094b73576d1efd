import type { EngineNode } from "@gavel/api";
import { StateMark } from "@gavel/desk";
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
      {node.misfit && <Misfit misfit={node.misfit} />}
      {node.quarantine && <p className={css.mute}>{t("nodes.quarantine")}</p>}
      {node.fake && <p className={css.mute}>{t("nodes.fake")}</p>}
      {!node.joined && <p className={css.mute}>{t("nodes.configured")}</p>}
    </>
  );
}

/** Refused as one of its class, with the figures. */
function Misfit({ misfit }: { misfit: NonNullable<EngineNode["misfit"]> }) {
  const { t, number } = useT();
  const { to_median, against } = misfit.verdict;
  const worst = [...against].sort((a, b) => a.agreeing - b.agreeing)[0];
  return (
    <p className={css.misfit}>
      <StateMark tone="warn" />{" "}
      {t("nodes.misfit", {
        class: misfit.hardware_class,
        ratio: number(to_median, { minimumFractionDigits: 2, maximumFractionDigits: 2 }),
        agreeing: worst?.agreeing ?? 0,
        of: worst?.of ?? 0,
      })}
    </p>
  );
}
