import type { Run } from "@gavel/api";
import { useTimes } from "@gavel/desk";
import { useEntryName } from "@gavel/ui";
import { useSuites } from "../app/queries";
import { useT } from "../i18n";
import css from "./Bench.module.css";

/** Whose run, on what, and who wanted it. */
export function Who({ run }: { run: Run }) {
  const { t, language } = useT();
  const { moment } = useTimes();
  const nameOf = useEntryName();
  const suite = useSuites().data?.find((one) => one.id === run.suite);
  return (
    <div className={css.who}>
      <b>{t("bench.version", { name: nameOf(run.entry), version: run.entry.version })}</b>
      <span>
        {suite?.name[language] ?? run.suite} · {t(`bench.extent_of.${run.extent}`)}
      </span>
      <small>
        {run.ordered_by
          ? t("bench.ordered_by", { name: run.ordered_by, time: moment(run.created_at) })
          : t("bench.at_admission", { time: moment(run.created_at) })}
      </small>
    </div>
  );
}
