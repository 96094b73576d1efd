import type { Run } from "@gavel/api";
import { Pill, useTimes } from "@gavel/desk";
import { useT } from "../i18n";
import css from "./Bench.module.css";

/** What was decided or has changed since: a score is never altered without saying so. */
export function Marks({ run }: { run: Run }) {
  const { t, number } = useT();
  const { moment } = useTimes();
  const said = (mark: { by: string; at: string }) => t("bench.by", { by: mark.by, time: moment(mark.at) });
  if (!run.void && !run.override && run.stale.length === 0) return null;
  return (
    <ul className={css.marks}>
      {run.void && (
        <li>
          <Pill tone="bad">{t("bench.void")}</Pill>
          <p>
            {t("bench.void_text", { reason: run.void.reason })} <small>{said(run.void)}</small>
          </p>
        </li>
      )}
      {run.override && (
        <li>
          <Pill tone="warn">{t("bench.override")}</Pill>
          <p>
            {t("bench.override_text", {
              score: number(Math.round(100 * run.override.score)),
              reason: run.override.reason,
            })}{" "}
            <small>{said(run.override)}</small>
          </p>
        </li>
      )}
      {run.stale.length > 0 && (
        <li>
          <Pill tone="warn">{t("bench.stale")}</Pill>
          <p>{run.stale.map((what) => t(`bench.stale_why.${what}`)).join(" ")}</p>
        </li>
      )}
    </ul>
  );
}
