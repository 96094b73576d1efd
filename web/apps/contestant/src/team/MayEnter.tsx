import { usePerson } from "@gavel/desk";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import css from "./Team.module.css";
import { useTeam } from "./team";

/** The form for a new entry, or why a member of a team has none. */
export function MayEnter({ children }: { children: ReactNode }) {
  const { t } = useT();
  const team = useTeam().data;
  const me = usePerson().id;
  if (team && team.captain_id !== me)
    return <p className={css.quiet}>{t("team.captain_enters", { team: team.name })}</p>;
  return children;
}
