import type { EngineNode } from "@gavel/api";
import { useT } from "../i18n";
import css from "./Nodes.module.css";

/** What a producer plans with, in the order of how much depends on it. */
const SHOWN = ["duel", "speed", "benchmark", "probe", "practice"] as const;

/** What the node's engine is used for, and what it lacks for the rest. */
export function Uses({ node }: { node: EngineNode }) {
  const { t } = useT();
  const uses = SHOWN.flatMap((mode) =>
    node.uses.filter((use) => use.mode === mode).map(({ lacks }) => ({ mode, lacks })),
  );
  if (uses.length === 0) return null;
  const able = uses.filter((use) => use.lacks.length === 0).map((use) => t(`nodes.use.${use.mode}`));
  const unable = uses.filter((use) => use.lacks.length > 0);
  return (
    <dl className={css.uses}>
      <div>
        <dt>{t("nodes.uses")}</dt>
        <dd>{able.join(t("nodes.comma")) || "–"}</dd>
      </div>
      {unable.length > 0 && (
        <div>
          <dt>{t("nodes.not_used")}</dt>
          {unable.map(({ mode, lacks }) => (
            <dd key={mode}>
              {t("nodes.because", {
                use: t(`nodes.use.${mode}`),
                reasons: lacks.map((what) => t(`nodes.lacks.${what}`)).join(t("nodes.and")),
              })}
            </dd>
          ))}
        </div>
      )}
    </dl>
  );
}
