import type { Desk, RosterRow } from "@gavel/api";
import { Confirm, SelectField, SmallButton, TextField } from "@gavel/desk";
import { Card, EmptyState, useEntryName } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { Course } from "./Course";
import { type Draft, SPENT } from "./draft";
import { isSpent, length, startOf } from "./next";
import css from "./Setup.module.css";
import { Suggested } from "./Suggested";
import type { Hand } from "./useCommand";

const IDEAS = ["lamp", "tea", "robot", "rain"] as const;

interface SetupProps {
  desk: Desk;
  draft: Draft;
  edit: (change: Partial<Draft>) => void;
  limit: number;
  hand: Hand;
}

/** The next duel: who, and about what. It can be prepared at any time. */
export function Setup({ desk, draft, edit, limit, hand }: SetupProps) {
  const { t } = useT();
  const used = length(draft.prompt.trim());
  const count = t("setup.count", { used, limit });
  return (
    <Card className={css.setup}>
      <h2>{t("setup.title")}</h2>
      {desk.roster.length === 0 ? (
        <EmptyState title={t("setup.empty")}>{t("setup.empty_text")}</EmptyState>
      ) : (
        <>
          <Pick label={t("setup.a")} roster={desk.roster} value={draft.a} other={draft.b} set={(a) => edit({ a })} />
          <Pick label={t("setup.b")} roster={desk.roster} value={draft.b} other={draft.a} set={(b) => edit({ b })} />
          <p className={css.lot}>{t("setup.lot")}</p>
          <Suggested {...{ desk, draft, edit }} />
        </>
      )}
      <TextField
        label={t(draft.kind === "debate" ? "course.topic" : "setup.prompt")}
        rows={5}
        value={draft.prompt}
        hint={count}
        error={used > limit ? `${count} · ${t("go.why.long")}` : undefined}
        onChange={(event) => edit({ prompt: event.target.value })}
      />
      <Course {...{ draft, edit, limit }} />
      <fieldset className={css.ideas}>
        <legend>{t("setup.ideas")}</legend>
        {IDEAS.map((idea) => (
          <button key={idea} type="button" onClick={() => edit({ prompt: t(`idea.${idea}`) })}>
            {t(`idea.${idea}`)}
          </button>
        ))}
      </fieldset>
      <Instead {...{ desk, draft, edit, limit, hand }} />
    </Card>
  );
}

interface PickProps {
  label: string;
  roster: RosterRow[];
  value: string;
  other: string;
  set: (id: string) => void;
}

/** Everybody is listed; who cannot go on stage is greyed out and says why. */
function Pick({ label, roster, value, other, set }: PickProps) {
  const { t } = useT();
  const nameOf = useEntryName();
  const why = (row: RosterRow) => {
    if (!row.ready) return t("setup.not_ready");
    if (row.entry_id === other) return t("setup.taken");
    return row.kind === "house" || row.version === null ? null : t("setup.v", { n: row.version });
  };
  const known = roster.some((row) => row.entry_id === value);
  return (
    <SelectField label={label} value={known ? value : ""} onChange={(event) => set(event.target.value)}>
      <option value="">{t("setup.choose")}</option>
      {roster.map((row) => {
        const note = why(row);
        return (
          <option key={row.entry_id} value={row.entry_id} disabled={!row.ready || row.entry_id === other}>
            {note === null ? nameOf(row) : t("setup.option", { name: nameOf(row), note })}
          </option>
        );
      })}
    </SelectField>
  );
}

/** Where GO would start a spent duel again: start this one in its place. Complete answers are never replaced. */
function Instead({ desk, draft, edit, limit, hand }: SetupProps) {
  const { t } = useT();
  const [asking, setAsking] = useState(false);
  const { phase, duel } = desk;
  const stuck = phase === "duel" && duel !== null && isSpent(duel);
  const { command } = startOf(draft, desk, limit);
  if (!stuck || command === null) return null;
  const start = () => hand.give(command, { onSuccess: () => edit(SPENT), onSettled: () => setAsking(false) });
  return (
    <>
      <SmallButton wide onClick={() => setAsking(true)}>
        {t("setup.instead")}
      </SmallButton>
      {asking && (
        <Confirm
          title={t("setup.instead_title")}
          action={t("setup.instead")}
          busy={hand.busy}
          onConfirm={start}
          onClose={() => setAsking(false)}
        >
          {t("setup.instead_text")}
        </Confirm>
      )}
    </>
  );
}
