import { api, type Team } from "@gavel/api";
import { Field, PageHead } from "@gavel/desk";
import { Button, Card, ErrorNote, Loading } from "@gavel/ui";
import type { FormEvent } from "react";
import { useT } from "../i18n";
import { Ends } from "./Ends";
import { Invite } from "./Invite";
import { Members } from "./Members";
import css from "./Team.module.css";
import { useCaptain, useTeam, useTeamDeed } from "./team";

export const NAME_LENGTH = 40;

/** Who competes together: members, the way in, and the ways out. */
export function TeamPage() {
  const { t } = useT();
  const team = useTeam();
  return (
    <>
      <PageHead title={team.data?.name ?? t("team.title")}>{t("team.lead")}</PageHead>
      {team.error && <ErrorNote error={team.error} />}
      {team.isPending && !team.error && <Loading />}
      {team.data === null && <Found />}
      {team.data && <Known team={team.data} />}
    </>
  );
}

function Found() {
  const { t } = useT();
  const found = useTeamDeed((name: string) => api.post("/api/team", { body: { name } }));
  return (
    <Card className={css.card}>
      <h2>{t("team.found_title")}</h2>
      <p className={css.quiet}>{t("team.found_text")}</p>
      <NameForm action={t("team.found")} busy={found.isPending} error={found.error} onName={found.mutate} />
    </Card>
  );
}

function Known({ team }: { team: Team }) {
  const { t } = useT();
  const captain = useCaptain(team);
  const rename = useTeamDeed((name: string) => api.put("/api/team/name", { body: { name } }));
  return (
    <div className={css.columns}>
      <div className={css.list}>
        <Members team={team} captain={captain} />
        {captain && <Invite team={team} />}
      </div>
      <div className={css.list}>
        {captain && (
          <Card className={css.card}>
            <h2>{t("team.rename_title")}</h2>
            <NameForm
              key={team.name}
              name={team.name}
              action={t("team.rename")}
              busy={rename.isPending}
              error={rename.error}
              onName={rename.mutate}
            />
          </Card>
        )}
        <Ends team={team} captain={captain} />
      </div>
    </div>
  );
}

interface NameFormProps {
  name?: string;
  action: string;
  busy: boolean;
  error: unknown;
  onName: (name: string) => void;
}

function NameForm({ name = "", action, busy, error, onName }: NameFormProps) {
  const { t } = useT();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onName(String(new FormData(event.currentTarget).get("name")).trim());
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <Field
        label={t("team.name")}
        hint={t("team.name_hint")}
        name="name"
        defaultValue={name}
        maxLength={NAME_LENGTH}
        pattern=".*\S.*"
        autoComplete="off"
        required
      />
      <Button type="submit" disabled={busy}>
        {action}
      </Button>
      {error != null && <ErrorNote error={error} />}
    </form>
  );
}
