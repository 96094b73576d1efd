import type { Stage } from "@gavel/api";
import { useT } from "../i18n";

/** Tells a screen reader what the show does, at each turn and not at each word. */
export function Announcer({ stage }: { stage: Stage }) {
  const { t } = useT();
  return (
    <p className="hidden" aria-live="polite">
      {sentence(stage, t)}
    </p>
  );
}

function sentence({ phase, duel, result }: Stage, t: ReturnType<typeof useT>["t"]): string {
  if (phase === "duel" && duel) return t(`duel.${duel.state}`);
  if (phase === "vote") return t("verdict.open");
  if (phase === "locked") return t("locked.title");
  if (phase === "finished") return t("over.title");
  if (phase !== "revealed" || !result) return t("wait.title");
  return result.winner === "tie" ? t("result.draw") : `${t("result.winner")}: ${result[result.winner].name}`;
}
