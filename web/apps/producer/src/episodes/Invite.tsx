import { api } from "@gavel/api";
import { CopyLine, SelectField, SmallButton, useTimes } from "@gavel/desk";
import { Card, ErrorNote } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Episodes.module.css";

/** Roles with a page to go to. */
const ROLES = ["judge", "moderator", "producer"] as const;
const HOURS = [2, 12, 24, 72] as const;

/** A link for one person, to be sent to them by whatever means. */
export function Invite() {
  const { t } = useT();
  const { moment } = useTimes();
  const [role, setRole] = useState<(typeof ROLES)[number]>("judge");
  const [hours, setHours] = useState<number>(24);
  const invite = useMutation({
    mutationFn: () => api.post("/api/invitations", { body: { role, hours } }),
  });
  const made = invite.data;
  return (
    <Card>
      <h2 className={css.heading}>{t("invite.title")}</h2>
      <div className={css.pair}>
        <SelectField
          label={t("invite.role")}
          value={role}
          onChange={(event) => setRole(event.target.value as (typeof ROLES)[number])}
        >
          {ROLES.map((name) => (
            <option key={name} value={name}>
              {t(`role.${name}`)}
            </option>
          ))}
        </SelectField>
        <SelectField label={t("invite.hours")} value={hours} onChange={(event) => setHours(Number(event.target.value))}>
          {HOURS.map((count) => (
            <option key={count} value={count}>
              {t("invite.hours_n", { count })}
            </option>
          ))}
        </SelectField>
      </div>
      <SmallButton className={css.act} wide onClick={() => invite.isPending || invite.mutate()}>
        {t("invite.make")}
      </SmallButton>
      {invite.error && <ErrorNote error={invite.error} />}
      <div role="status" className={css.made}>
        {made && (
          <>
            <p>{t("invite.made", { role: t(`role.${made.role}`), time: moment(made.expires_at) })}</p>
            <CopyLine text={made.url} what={t("invite.link")} />
          </>
        )}
      </div>
    </Card>
  );
}
