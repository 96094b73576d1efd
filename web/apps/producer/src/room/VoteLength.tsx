import type { Phase } from "@gavel/api";
import { Field } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { LevelField } from "../ballots/LevelField";
import { useT } from "../i18n";
import type { Draft } from "./draft";
import { DELAY, SECONDS } from "./next";
import css from "./Rail.module.css";

const USUAL = [30, 60, 90, 120];

interface VoteLengthProps {
  phase: Phase;
  episode: string;
  draft: Draft;
  edit: (change: Partial<Draft>) => void;
}

/** How long the next vote stays open, and for whom; one under way keeps its own end. */
export function VoteLength({ phase, episode, draft: { seconds, delay, level }, edit }: VoteLengthProps) {
  const { t } = useT();
  const fits = Number.isInteger(seconds) && seconds >= SECONDS.least && seconds <= SECONDS.most;
  return (
    <Card className={css.card}>
      <h2>{t("vote.title")}</h2>
      <Field
        label={t(phase === "vote" ? "vote.seconds_next" : "vote.seconds")}
        type="number"
        inputMode="numeric"
        min={SECONDS.least}
        max={SECONDS.most}
        value={Number.isFinite(seconds) && seconds > 0 ? seconds : ""}
        error={fits ? undefined : t("go.why.seconds")}
        onChange={(event) => edit({ seconds: event.target.value === "" ? 0 : Number(event.target.value) })}
      />
      <fieldset className={css.usual} aria-label={t("vote.usual")}>
        {USUAL.map((count) => (
          <button
            key={count}
            type="button"
            aria-pressed={seconds === count}
            aria-label={t("vote.n", { count })}
            onClick={() => edit({ seconds: count })}
          >
            {count}
          </button>
        ))}
      </fieldset>
      <Field
        label={t("ballots.delay")}
        hint={t("vote.delay_hint")}
        type="number"
        inputMode="numeric"
        {...{ min: DELAY.least, max: DELAY.most }}
        value={Number.isFinite(delay) ? delay : ""}
        onChange={(event) => edit({ delay: event.target.value === "" ? Number.NaN : Number(event.target.value) })}
      />
      <LevelField episode={episode} level={level} onChange={(level) => edit({ level })} />
    </Card>
  );
}
