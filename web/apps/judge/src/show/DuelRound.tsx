import type { Episode, StageDuel } from "@gavel/api";
import { Pill, type Tone, useTitle } from "@gavel/desk";
import { EmptyState, Mark } from "@gavel/ui";
import { useT } from "../i18n";
import { Answers } from "./Answers";
import { RoundHead } from "./RoundHead";

const TONES: Record<StageDuel["state"], Tone> = {
  queued: "busy",
  loading: "busy",
  live: "air",
  answered: "good",
  failed: "warn",
};

/** Before the vote: both answers as they come. */
export function DuelRound({ episode, duel }: { episode: Episode; duel: StageDuel }) {
  const { t } = useT();
  useTitle(t("show.duel", { number: duel.number }));
  const failed = duel.state === "failed";
  return (
    <>
      <RoundHead episode={episode} duel={duel}>
        <Pill tone={TONES[duel.state]}>{t(`duel.${duel.state}`)}</Pill>
      </RoundHead>
      {failed ? (
        <EmptyState icon={<Mark size={64} />} title={t("duel.failed")}>
          {t("duel.failed_text")}
        </EmptyState>
      ) : (
        <Answers duel={duel} note={t(duel.state === "answered" ? "duel.answered_text" : "duel.blind")} />
      )}
    </>
  );
}
