import type { Status } from "@gavel/live";
import { useSettled } from "@gavel/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { useT } from "../i18n";
import { ME } from "../query";
import css from "./Connection.module.css";
import { StateMark } from "./Pill";

const SHOWN = { behind: "busy", polling: "warn", offline: "bad" } as const;

/**
 * Says so when what is shown may be old; silent while all is well, and about short gaps. A refusal may mean that the
 * session has ended: who is signed in is asked anew, which brings the sign-in page.
 */
export function Connection({ status }: { status: Status }) {
  const { t } = useT();
  const queries = useQueryClient();
  useEffect(() => {
    if (status === "denied") void queries.invalidateQueries({ queryKey: ME });
  }, [status, queries]);
  const bad = status === "behind" || status === "polling" || status === "offline" ? status : null;
  const shown = useSettled(bad, null);
  return (
    <div role="status" className={css.place}>
      {shown && (
        <p className={css.note} data-status={shown}>
          <StateMark tone={SHOWN[shown]} />
          {t(`net.${shown}`)}
        </p>
      )}
    </div>
  );
}
