import type { JudgeDesk } from "@gavel/api";
import { SmallButton, StateMark } from "@gavel/desk";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Notices.module.css";

/** What the desk has to say besides the duel: look once more; take a break. Said politely, and never in the way. */
export function Notices({ desk, open }: { desk: JudgeDesk; open: boolean }) {
  const { t } = useT();
  const [heard, hear] = useState(false);
  const look = open ? desk.second_look : null;
  return (
    <div className={css.notices} aria-live="polite">
      {look && (
        <p className={css.look}>
          <StateMark tone="warn" />
          <span>
            <b>{t("second.title")}</b> {t(look.first ? "second.text" : "second.text_none")}
          </span>
        </p>
      )}
      {desk.rest && !heard && (
        <p className={css.rest}>
          <StateMark tone="calm" />
          <span>
            <b>{t("rest.title")}</b> {t(`rest.${desk.rest}`)}
          </span>
          <SmallButton tone="bare" onClick={() => hear(true)}>
            {t("rest.heard")}
          </SmallButton>
        </p>
      )}
    </div>
  );
}
