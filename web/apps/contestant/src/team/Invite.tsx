import { api, type Team, type TeamInvitationMade } from "@gavel/api";
import { CopyLine, SmallButton, useTimes } from "@gavel/desk";
import { Button, Card, ErrorNote } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Team.module.css";
import { useTeamDeed } from "./team";

const HOURS = 72;

/** A link for one more member, shown once; those that are still open can be taken back. */
export function Invite({ team }: { team: Team }) {
  const { t } = useT();
  const { moment } = useTimes();
  const [made, setMade] = useState<TeamInvitationMade | null>(null);
  const invite = useTeamDeed(() => api.post("/api/team/invitations", { body: { hours: HOURS } }));
  const takeBack = useTeamDeed((invitation_id: string) =>
    api.delete("/api/team/invitations/{invitation_id}", { params: { path: { invitation_id } } }),
  );
  const full = team.members.length >= team.max_members;
  return (
    <Card className={css.card}>
      <h2>{t("team.invite_title")}</h2>
      <p className={css.quiet}>{full ? t("error.team.full", { limit: team.max_members }) : t("team.invite_text")}</p>
      <div aria-live="polite">
        {made && (
          <div className={css.made}>
            <CopyLine text={made.url} what={t("team.link")} />
            <p className={css.quiet}>{t("team.link_text", { time: moment(made.expires_at) })}</p>
          </div>
        )}
      </div>
      <Button disabled={full || invite.isPending} onClick={() => invite.mutate(undefined, { onSuccess: setMade })}>
        {t(made ? "team.invite_another" : "team.invite")}
      </Button>
      {invite.error && <ErrorNote error={invite.error} />}
      {team.invitations.length > 0 && (
        <>
          <h3>{t("team.open_links")}</h3>
          <ul>
            {team.invitations.map((one) => (
              <li key={one.id} className={css.row}>
                <p className={css.quiet}>
                  {t("team.open_link", { made: moment(one.created_at), until: moment(one.expires_at) })}
                </p>
                <SmallButton
                  disabled={takeBack.isPending}
                  aria-label={`${t("team.take_back")}: ${moment(one.created_at)}`}
                  onClick={() => takeBack.mutate(one.id, { onSuccess: () => setMade(null) })}
                >
                  {t("team.take_back")}
                </SmallButton>
              </li>
            ))}
          </ul>
        </>
      )}
      {takeBack.error && <ErrorNote error={takeBack.error} />}
    </Card>
  );
}
