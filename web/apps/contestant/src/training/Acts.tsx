import { api, type TrainingRun } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import { TRAINING } from "./runs";
import css from "./Training.module.css";

const DEEDS = [
  ["pause", "pausable"],
  ["resume", "resumable"],
  ["cancel", "cancellable"],
] as const;
type Deed = (typeof DEEDS)[number][0];

/** Pause, go on, cancel. Only what cannot be taken back is asked about first. */
export function Acts({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const act = useMutation({
    mutationFn: (what: Deed) =>
      api.post(`/api/training/runs/{run_id}/${what}`, { params: { path: { run_id: run.id } } }),
    onSuccess: () => ask(false),
    onSettled: () => queries.invalidateQueries({ queryKey: TRAINING }),
  });
  const may: Deed[] = DEEDS.filter(([, allowed]) => run[allowed]).map(([deed]) => deed);
  if (may.length === 0) return null;
  return (
    <div className={css.acts}>
      {may.map((what) => (
        <SmallButton
          key={what}
          tone={what === "resume" ? "gold" : undefined}
          disabled={act.isPending}
          onClick={() => {
            act.reset();
            if (what === "cancel") ask(true);
            else act.mutate(what);
          }}
        >
          {t(`training.${what}`)}
        </SmallButton>
      ))}
      {run.pausable && <span className={css.note}>{t("training.pauses_left", { count: run.pauses_left })}</span>}
      {act.error && !asking && <ErrorNote error={act.error} />}
      {asking && (
        <Confirm
          title={t("training.cancel_title")}
          action={t("training.cancel")}
          busy={act.isPending}
          error={act.error}
          onConfirm={() => act.mutate("cancel")}
          onClose={() => ask(false)}
        >
          {t(run.race ? "training.cancel_text_race" : "training.cancel_text")}
        </Confirm>
      )}
    </div>
  );
}
