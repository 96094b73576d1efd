import { api, type Team } from "@gavel/api";
import { Confirm, usePerson } from "@gavel/desk";
import { Button, Card } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Team.module.css";
import { useTeamDeed } from "./team";

/** The way out: a member leaves, a captain ends the team. */
export function Ends({ team, captain }: { team: Team; captain: boolean }) {
  const { t } = useT();
  const person_id = usePerson().id;
  const [asking, setAsking] = useState(false);
  const deed = captain ? "disband" : "leave";
  const end = useTeamDeed<void, unknown>(() =>
    captain
      ? api.delete("/api/team")
      : api.delete("/api/team/members/{person_id}", { params: { path: { person_id } } }),
  );
  return (
    <Card className={css.card}>
      <h2>{t(`team.${deed}_heading`)}</h2>
      <p className={css.quiet}>{t(`team.${deed}_text`)}</p>
      <Button tone="danger" onClick={() => setAsking(true)}>
        {t(`team.${deed}`)}
      </Button>
      {asking && (
        <Confirm
          title={t(`team.${deed}_title`, { name: team.name })}
          action={t(`team.${deed}`)}
          busy={end.isPending}
          error={end.error}
          onConfirm={() => end.mutate()}
          onClose={() => {
            end.reset();
            setAsking(false);
          }}
        >
          <p>{t(`team.${deed}_ask`)}</p>
        </Confirm>
      )}
    </Card>
  );
}
