import { ApiError, api, type TeamInvitationState } from "@gavel/api";
import { PageHead, usePerson, useTimes } from "@gavel/desk";
import { Button, Card, EmptyState, ErrorNote, Loading, navigate } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useT } from "../i18n";
import css from "./Team.module.css";
import { useTeam, useTeamDeed } from "./team";

/** Behind a captain's link: whose team it is, and the button that joins it. */
export function JoinTeamPage({ token }: { token: string }) {
  const invitation = useQuery({
    queryKey: ["team-invitation", token],
    queryFn: () => api.get("/api/team-invitations/{token}", { params: { path: { token } } }),
  });
  const team = useTeam();
  const { error } = invitation;
  if (error instanceof ApiError && error.status === 404) return <Dead />;
  if (error ?? team.error) return <ErrorNote error={error ?? team.error} />;
  if (invitation.data === undefined || team.data === undefined) return <Loading />;
  return <Invitation token={token} invitation={invitation.data} mine={team.data?.name ?? null} />;
}

function Dead() {
  const { t } = useT();
  return (
    <EmptyState
      heading="h1"
      title={t("team.dead")}
      action={<Button onClick={() => navigate("/")}>{t("entry.back")}</Button>}
    >
      {t("team.dead_text")}
    </EmptyState>
  );
}

interface InvitationProps {
  token: string;
  invitation: TeamInvitationState;
  /** The team that I am in. */
  mine: string | null;
}

function Invitation({ token, invitation, mine }: InvitationProps) {
  const { t } = useT();
  const { moment } = useTimes();
  const me = usePerson();
  const join = useTeamDeed<void, unknown>(() =>
    api.post("/api/team-invitations/{token}/accept", { params: { path: { token } } }),
  );
  const enter = () => navigate("/team");
  if (mine === null && !invitation.valid) return <Dead />;
  return (
    <>
      <PageHead title={t("team.join_title", { team: invitation.team })}>
        {t("team.join_lead", { captain: invitation.captain })}
      </PageHead>
      <Card className={css.card}>
        {mine !== null ? (
          <>
            <p>{t("team.join_elsewhere", { team: mine })}</p>
            <Button onClick={enter}>{t("team.open")}</Button>
          </>
        ) : (
          <>
            <p>{t("team.join_text")}</p>
            <p className={css.quiet}>{t("team.join_until", { time: moment(invitation.expires_at) })}</p>
            <Button tone="gold" disabled={join.isPending} onClick={() => join.mutate(undefined, { onSuccess: enter })}>
              {t("team.join", { name: me.display_name })}
            </Button>
            {join.error && <ErrorNote error={join.error} />}
          </>
        )}
      </Card>
    </>
  );
}
