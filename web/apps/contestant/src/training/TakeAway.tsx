import { api, type TrainingRecipe, type TrainingRun } from "@gavel/api";
import { CopyLine } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import { TRAINING } from "./runs";
import css from "./Training.module.css";

/** The files of a run, and how anybody makes the same adapter. */
export function TakeAway({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const at = `/api/training/runs/${run.id}`;
  return (
    <Card className={css.take}>
      <h2>{t("training.take")}</h2>
      <ul className={css.downloads}>
        {run.files.map(({ name }) => (
          <li key={name}>
            <a href={`${at}/adapter/${name}`} download>
              {name}
            </a>
          </li>
        ))}
        {run.step > 0 && (
          <li>
            <a href={`${at}/log`} download>
              {t("training.download_log")}
            </a>
          </li>
        )}
      </ul>
      <Commands run={run} />
    </Card>
  );
}

function Commands({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const [open, setOpen] = useState(false);
  const found = useQuery({
    queryKey: [...TRAINING, "recipe", run.id],
    queryFn: () => api.get("/api/training/runs/{run_id}/recipe", { params: { path: { run_id: run.id } } }),
    enabled: open,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <details className={css.fold} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("training.commands")}</summary>
      {found.error && <ErrorNote error={found.error} />}
      {open && found.isPending && !found.error && <Loading />}
      {found.data && (
        <div className={css.commands}>
          <p className={css.downloads}>
            <button type="button" onClick={() => save(found.data)}>
              {t("training.download_recipe")}
            </button>
          </p>
          <h3>{t("training.command")}</h3>
          <CopyLine text={found.data.command} what={t("training.command")} />
          <h3>{t("training.command_swift")}</h3>
          {found.data.swift === null ? (
            <p className={css.note}>{t("training.no_swift")}</p>
          ) : (
            <CopyLine text={found.data.swift} what={t("training.command_swift")} />
          )}
          {found.data.remarks.length > 0 && (
            <ul className={css.remarks}>
              {found.data.remarks.map((remark) => (
                <li key={remark}>{t(`training.remark.${remark}`)}</li>
              ))}
            </ul>
          )}
        </div>
      )}
    </details>
  );
}

/** The file that the command reads. */
function save({ recipe }: TrainingRecipe): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(recipe, null, 2)], { type: "application/json" }));
  link.download = "recipe.json";
  link.click();
  URL.revokeObjectURL(link.href);
}
