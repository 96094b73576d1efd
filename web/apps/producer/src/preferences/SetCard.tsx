import type { PreferencePage, PreferenceSet } from "@gavel/api";
import { bytes, Pill, type Tone, useTimes } from "@gavel/desk";
import { AiLabel, Card, ErrorNote, Loading } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { Lineage } from "./Lineage";
import css from "./Preferences.module.css";
import { useSet } from "./queries";
import { Train } from "./Train";

type Reason = PreferencePage["unused"][number]["reason"];

const TONES: Partial<Record<PreferenceSet["version"]["state"], Tone>> = {
  verified: "good",
  refused: "warn",
  failed: "warn",
};

interface SetCardProps {
  set: PreferenceSet;
  onDone: (what: string) => void;
}

export function SetCard({ set, onDone }: SetCardProps) {
  const { t, number } = useT();
  const { moment } = useTimes();
  const [open, setOpen] = useState(false);
  const page = useSet(set.id, open);
  const { version } = set;
  return (
    <Card className={css.set}>
      <header>
        <h3>{version.entry_name}</h3>
        <Pill tone={TONES[version.state] ?? "calm"}>{t(`preferences.states.${stateOf(version.state)}`)}</Pill>
        <AiLabel />
      </header>
      <p className={css.mute}>
        {t("preferences.about", {
          count: set.rows,
          rows: number(set.rows),
          size: bytes(set.size_bytes),
          who: set.made_by,
          when: moment(set.made_at),
        })}
        {set.least > 0 && ` · ${t("preferences.at_least", { points: number(100 * set.least) })}`}
      </p>
      {version.refusal && <p className={css.warn}>{t("preferences.refused")}</p>}
      <LeftOut counts={set.left_out} />
      <details className={css.more} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("preferences.lineage")}</summary>
        {page.error && <ErrorNote error={page.error} />}
        {open && page.isPending && !page.error && <Loading />}
        {page.data && <Lineage page={page.data} />}
      </details>
      <Train set={set} onDone={onDone} />
    </Card>
  );
}

/** Four words are enough for a set: what it waits for, or what came of its check. */
function stateOf(state: PreferenceSet["version"]["state"]): "checking" | "verified" | "refused" | "failed" {
  if (state === "verified" || state === "refused" || state === "failed") return state;
  return "checking";
}

/** How many duels gave no pair, by the reason. */
function LeftOut({ counts }: { counts: PreferenceSet["left_out"] }) {
  const { t } = useT();
  const reasons = Object.entries(counts) as [Reason, number][];
  if (reasons.length === 0) return <p className={css.mute}>{t("preferences.all_used")}</p>;
  return (
    <p className={css.mute}>
      {t("preferences.left_out", {
        reasons: reasons
          .map(([reason, count]) => t("preferences.reason_n", { reason: t(`preferences.reasons.${reason}`), count }))
          .join(t("preferences.comma")),
      })}
    </p>
  );
}
