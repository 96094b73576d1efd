import type { EngineNode } from "@gavel/api";
import { useT } from "../i18n";
import css from "./Nodes.module.css";

/** What a producer plans with, in the order of how much depends on it. */
const SHOWN = ["duel", "speed", "benchmark", "probe", "practice"] as const;

/** What the node's engine is used for, and what it lacks for the rest. */
export function Uses({ node }: { node: EngineNode }) {
  const { t } = useT();
  const kinds = new Map<string, { names: string[]; reasons: string[] }>();
  for (const mode of SHOWN) {
    const lacks = node.uses.find((use) => use.mode === mode)?.lacks;
    if (!lacks) continue;
    const reasons = lacks.map((what) => t(`nodes.lacks.${what}`));
    // What lacks the same is said once.
    const kind = kinds.get(reasons.join()) ?? { names: [], reasons };
    kind.names.push(t(`nodes.use.${mode}`));
    kinds.set(reasons.join(), kind);
  }
  if (kinds.size === 0) return null;
  const list = (names: string[]) => names.join(t("nodes.comma"));
  const unable = [...kinds.values()].filter((kind) => kind.reasons.length > 0);
  return (
    <dl className={css.uses}>
      <div>
        <dt>{t("nodes.uses")}</dt>
        <dd>{list(kinds.get("")?.names ?? ["–"])}</dd>
      </div>
      {unable.length > 0 && (
        <div>
          <dt>{t("nodes.not_used")}</dt>
          {unable.map(({ names, reasons }) => (
            <dd key={list(names)}>{t("nodes.because", { use: list(names), reasons: reasons.join(t("nodes.and")) })}</dd>
          ))}
        </div>
      )}
    </dl>
  );
}
