import type { Stage } from "@gavel/api";
import { useEntryName } from "@gavel/ui";
import { useT } from "../i18n";

/** Tells a screen reader what the show does, at each turn and not at each word. */
export function Announcer({ stage }: { stage: Stage }) {
  const { t } = useT();
  const nameOf = useEntryName();
  return (
    <p className="hidden" aria-live="polite">
      {sentence(stage, t, nameOf)}
    </p>
  );
}

type Texts = ReturnType<typeof useT>["t"];

function sentence({ phase, duel, result }: Stage, t: Texts, nameOf: ReturnType<typeof useEntryName>): string {
  if (phase === "duel" && duel) return t(`duel.${duel.state}`);
  if (phase === "vote") return t("verdict.open");
  if (phase === "locked") return t("locked.title");
  if (phase === "finished") return t("over.title");
  if (phase !== "revealed" || !result) return t("wait.title");
  return result.winner === "tie" ? t("result.draw") : `${t("result.winner")}: ${nameOf(result[result.winner])}`;
}
