import type { Status } from "@gavel/live";
import { useSettled } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Connection.module.css";
import { StateMark } from "./Pill";

const SHOWN = { behind: "busy", polling: "warn", offline: "bad" } as const;

/** Says so when what is shown may be old; silent while all is well, and about short gaps. */
export function Connection({ status }: { status: Status }) {
  const { t } = useT();
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
