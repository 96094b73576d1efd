import { api, type Dataset, type Submission } from "@gavel/api";
import { bytes, Confirm, useTimes } from "@gavel/desk";
import { Button } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./DatasetCard.module.css";

interface Props {
  submission: Submission;
  dataset: Dataset;
}

/** What the cleaned version is, which version counts, and the choice between the two. */
export function CleanedVersion({ submission, dataset }: Props) {
  const { t } = useT();
  const { moment } = useTimes();
  const { accepted, report, may_decide } = dataset;
  const { cleaned, canonical } = report;
  const sent = canonical ? t("dataset.counts_sent") : t("dataset.counts_none");
  const counts = accepted ? t("dataset.counts_cleaned", { by: accepted.by, at: moment(accepted.at) }) : sent;
  if (!cleaned) return <p className={css.note}>{t("dataset.cleaned_none")}</p>;
  return (
    <div className={css.cleaned}>
      <p>
        <b>{t("dataset.cleaned_rows", { count: cleaned.rows, size: bytes(cleaned.bytes) })}</b>
      </p>
      <p className={css.note}>{t("dataset.cleaned_text")}</p>
      <Counts name={t("dataset.removed")} counts={cleaned.removed} />
      <Counts name={t("dataset.changed")} counts={cleaned.changed} />
      <p aria-live="polite">{counts}</p>
      {may_decide ? (
        <Decide submission={submission} accepted={accepted !== null} />
      ) : (
        <p className={css.note}>{t("dataset.closed")}</p>
      )}
    </div>
  );
}

function Counts({ name, counts }: { name: string; counts: Record<string, number> }) {
  const { t, find } = useT();
  const told = Object.entries(counts);
  if (told.length === 0) return null;
  return (
    <>
      <p className={css.name}>{name}</p>
      <ul className={css.counts}>
        {told.map(([code, count]) => (
          <li key={code}>
            {find(`problem.${code}.what`) ?? code} <b>{t("dataset.in_rows", { count })}</b>
          </li>
        ))}
      </ul>
    </>
  );
}

function Decide({ submission, accepted }: { submission: Submission; accepted: boolean }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const params = { path: { submission_id: submission.id } };
  const path = "/api/submissions/{submission_id}/dataset/accept-cleaned" as const;
  const decide = useMutation({
    mutationFn: () => (accepted ? api.delete(path, { params }) : api.post(path, { params })),
    onSuccess: () => setAsking(false),
    onSettled: () => queries.invalidateQueries({ queryKey: ["dataset", submission.id] }),
  });
  const words = accepted ? "undo" : "accept";
  return (
    <div>
      <Button tone={accepted ? undefined : "gold"} onClick={() => setAsking(true)}>
        {t(`dataset.${words}`)}
      </Button>
      {asking && (
        <Confirm
          title={t(`dataset.${words}_title`)}
          action={t(`dataset.${words}`)}
          busy={decide.isPending}
          error={decide.error}
          onConfirm={() => decide.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t(`dataset.${words}_text`)}</p>
        </Confirm>
      )}
    </div>
  );
}
