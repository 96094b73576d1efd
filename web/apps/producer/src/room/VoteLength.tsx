import type { Phase } from "@gavel/api";
import { Field } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { useT } from "../i18n";
import { SECONDS } from "./next";
import css from "./Rail.module.css";

const USUAL = [30, 60, 90, 120];

interface VoteLengthProps {
  phase: Phase;
  seconds: number;
  onChange: (seconds: number) => void;
}

/** How long the next vote stays open; one under way keeps its own end. */
export function VoteLength({ phase, seconds, onChange }: VoteLengthProps) {
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
        onChange={(event) => onChange(event.target.value === "" ? 0 : Number(event.target.value))}
      />
      <fieldset className={css.usual} aria-label={t("vote.usual")}>
        {USUAL.map((count) => (
          <button
            key={count}
            type="button"
            aria-pressed={seconds === count}
            aria-label={t("vote.n", { count })}
            onClick={() => onChange(count)}
          >
            {count}
          </button>
        ))}
      </fieldset>
    </Card>
  );
}
