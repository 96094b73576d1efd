import type { Status } from "@gavel/live";
import { useEffect, useState } from "react";
import { useT } from "../i18n";
import css from "./Connection.module.css";
import { StateMark } from "./Pill";

const SHOWN = { behind: "busy", polling: "warn", offline: "bad" } as const;
const PATIENCE_MS = 1_500;

/** Says so when what is shown may be old; silent while all is well, and about short gaps. */
export function Connection({ status }: { status: Status }) {
  const { t } = useT();
  const bad = status === "behind" || status === "polling" || status === "offline" ? status : null;
  const [shown, setShown] = useState<typeof bad>(null);
  useEffect(() => {
    const timer = setTimeout(() => setShown(bad), bad === null ? 0 : PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [bad]);
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
