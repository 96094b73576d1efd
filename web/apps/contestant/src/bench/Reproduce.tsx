import { api, type Run } from "@gavel/api";
import { CopyLine } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Bench.module.css";

/** The command with which anybody who has the adapter gets the same scores, without this site. */
export function Reproduce({ run }: { run: Run }) {
  const { t } = useT();
  const [open, setOpen] = useState(false);
  const found = useQuery({
    queryKey: ["reproduce", run.id],
    queryFn: () => api.get("/api/runs/{run_id}/reproduce", { params: { path: { run_id: run.id } } }),
    enabled: open,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <details className={css.reproduce} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("bench.reproduce")}</summary>
      {found.error && <ErrorNote error={found.error} />}
      {open && !found.data && !found.error && <Loading />}
      {found.data && (
        <>
          <p>
            {t("bench.reproduce_text")} <a href={found.data.folder}>{t("bench.reproduce_folder")}</a>
          </p>
          <CopyLine text={found.data.command} what={t("bench.reproduce_command")} />
          {found.data.judged.length > 0 && (
            <>
              <p>{t("bench.reproduce_judged")}</p>
              <CopyLine text={found.data.judge} what={t("bench.reproduce_judge")} />
            </>
          )}
        </>
      )}
    </details>
  );
}
