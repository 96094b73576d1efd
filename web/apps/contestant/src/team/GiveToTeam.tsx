import { api, type Entry } from "@gavel/api";
import { Confirm, SmallButton, usePerson } from "@gavel/desk";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Team.module.css";
import { useTeam, useTeamDeed } from "./team";

/** For a captain whose entry is still his alone. */
export function GiveToTeam({ entry }: { entry: Entry }) {
  const { t } = useT();
  const team = useTeam().data;
  const me = usePerson().id;
  const [asking, setAsking] = useState(false);
  const give = useTeamDeed<void, unknown>(() =>
    api.post("/api/entries/{entry_id}/team", { params: { path: { entry_id: entry.id } } }),
  );
  if (!team || team.captain_id !== me || entry.team !== null) return null;
  return (
    <div className={css.give}>
      <span className={css.quiet}>{t("team.give_text")}</span>
      <SmallButton onClick={() => setAsking(true)}>{t("team.give", { team: team.name })}</SmallButton>
      {asking && (
        <Confirm
          title={t("team.give_title", { name: entry.name, team: team.name })}
          action={t("team.give_action")}
          tone="gold"
          busy={give.isPending}
          error={give.error}
          onConfirm={() => give.mutate(undefined, { onSuccess: () => setAsking(false) })}
          onClose={() => setAsking(false)}
        >
          <p>{t("team.give_ask")}</p>
        </Confirm>
      )}
    </div>
  );
}
