import type { Status } from "@gavel/live";
import { cx, useSettled } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./NetNote.module.css";

/** Says when what is shown may be old; nothing while all is well. */
export function NetNote({ status, stale }: { status: Status; stale: boolean }) {
  const { t } = useT();
  const shown = useSettled(status, "live");
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
