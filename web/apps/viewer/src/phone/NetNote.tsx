import type { Status } from "@gavel/live";
import { cx } from "@gavel/ui";
import { useEffect, useState } from "react";
import { useT } from "../i18n";
import css from "./NetNote.module.css";

const PATIENCE_MS = 2_500;

/** The status, but a hiccup that mends itself is not shown. */
export function useSettled(status: Status): Status {
  const [shown, setShown] = useState(status);
  useEffect(() => {
    if (status === "live") {
      setShown(status);
      return;
    }
    const timer = setTimeout(() => setShown(status), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [status]);
  return shown;
}

/** Says when what is shown may be old; nothing while all is well. */
export function NetNote({ status, stale }: { status: Status; stale: boolean }) {
  const { t } = useT();
  const shown = useSettled(status);
  const lost = shown === "offline" || stale;
  const text = lost
    ? t("net.offline")
    : shown === "behind"
      ? t("net.behind")
      : shown === "polling"
        ? t("net.polling")
        : "";
  return (
    <div role="status" className={css.place}>
      {text && <p className={cx(css.note, lost && css.lost)}>{text}</p>}
    </div>
  );
}
