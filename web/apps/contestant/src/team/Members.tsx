import { api, type Team, type TeamMember } from "@gavel/api";
import { Confirm, Pill, SmallButton, usePerson, useTimes } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Team.module.css";
import { useTeamDeed } from "./team";

type Asking = { deed: "hand_over" | "remove"; member: TeamMember };

export function Members({ team, captain }: { team: Team; captain: boolean }) {
  const { t } = useT();
  const { moment } = useTimes();
  const me = usePerson().id;
  const [asking, setAsking] = useState<Asking | null>(null);
  return (
    <Card className={css.card}>
      <h2>{t("team.members", { count: team.members.length, limit: team.max_members })}</h2>
      <ul>
        {team.members.map((member) => (
          <li key={member.person_id} className={css.row}>
            <div>
              <b>{member.name}</b> {member.person_id === me && <span className={css.quiet}>{t("team.you")}</span>}
              <p className={css.quiet}>{t("team.since", { time: moment(member.joined_at) })}</p>
            </div>
            {member.captain && <Pill tone="good">{t("team.captain")}</Pill>}
            {captain && !member.captain && (
              <div className={css.deeds}>
                {(["hand_over", "remove"] as const).map((deed) => (
                  <SmallButton
                    key={deed}
                    tone={deed === "remove" ? "danger" : "ghost"}
                    aria-label={`${t(`team.${deed}`)}: ${member.name}`}
                    onClick={() => setAsking({ deed, member })}
                  >
                    {t(`team.${deed}`)}
                  </SmallButton>
                ))}
              </div>
            )}
          </li>
        ))}
      </ul>
      {!captain && <p className={css.quiet}>{t("team.captain_decides")}</p>}
      {asking && <Ask {...asking} onClose={() => setAsking(null)} />}
    </Card>
  );
}

function Ask({ deed, member, onClose }: Asking & { onClose: () => void }) {
  const { t } = useT();
  const { person_id } = member;
  const act = useTeamDeed<void, unknown>(() =>
    deed === "hand_over"
      ? api.put("/api/team/captain", { body: { person_id } })
      : api.delete("/api/team/members/{person_id}", { params: { path: { person_id } } }),
  );
  return (
    <Confirm
      title={t(`team.${deed}_title`, { name: member.name })}
      action={t(`team.${deed}`)}
      busy={act.isPending}
      error={act.error}
      onConfirm={() => act.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>{t(`team.${deed}_text`)}</p>
    </Confirm>
  );
}
