import type { Stage } from "@gavel/api";
import { useEntryName, useTurn } from "@gavel/ui";
import { useT } from "../i18n";
import { isComing } from "../shared/coming";

const TURN = {
  queued: "preparing",
  loading: "preparing",
  live: "writing",
  answered: "done",
  failed: "failed",
} as const;

/** Tells a screen reader what the show does, at each turn and not at each word. */
export function Announcer({ stage }: { stage: Stage }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const turn = useTurn(stage.duel ?? { kind: "single", turn: 1, turns: 1 });
  return (
    <p className="hidden" aria-live="polite">
      {stage.phase === "duel" && turn && `${turn}. `}
      {sentence(stage, t, nameOf)}
    </p>
  );
}

type Texts = ReturnType<typeof useT>["t"];

function sentence({ phase, duel, result }: Stage, t: Texts, nameOf: ReturnType<typeof useEntryName>): string {
  if (phase === "duel" && duel) {
    const turn = isComing(duel) ? "coming" : TURN[duel.state];
    const cards = (["left", "right"] as const).flatMap((side) => {
      const card = duel[side].off_air;
      return card ? [`${t(`side.${side}`)}: ${t(`answer.${card}`)}`] : [];
    });
    const news = duel.forfeit ? t(`duel.forfeit.${duel.forfeit}`) : t(`duel.${turn}`);
    return [`${t("show.prompt")}: ${duel.asked}`, news, ...cards].join(" ");
  }
  if (phase === "vote") return t("vote.ask");
  if (phase === "locked") return t("locked.title");
  if (phase === "revealed" && result) {
    return result.winner === "tie" ? t("result.draw") : `${t("result.winner")}: ${nameOf(result[result.winner])}`;
  }
  return phase === "finished" ? t("finished.title") : t("idle.title");
}
