import { api, type Submission } from "@gavel/api";
import { clockTime } from "@gavel/desk";
import { Button, Card, ErrorNote, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSeason } from "../app/queries";
import { useT } from "../i18n";
import { Order } from "./Order";
import { TRAINING } from "./runs";
import css from "./Training.module.css";

/** On the page of a checked data set: make an adapter of it. Nothing on a track that trains nothing. */
export function TrainCard({ submission }: { submission: Submission }) {
  const { t, number } = useT();
  const [open, setOpen] = useState(false);
  const training = useSeason().data?.track.training;
  const options = useQuery({
    queryKey: [...TRAINING, "options", submission.id, submission.digest],
    queryFn: () => api.get("/api/training/options", { params: { query: { submission_id: submission.id } } }),
    enabled: open,
  });
  if (!training || submission.state !== "verified") return null;
  const { budget } = training;
  const parts = [
    t("training.budget_steps", { n: number(budget.steps) }),
    t("training.budget_tokens", { n: number(budget.tokens) }),
    t("training.budget_clock", { time: clockTime(budget.seconds) }),
  ];
  return (
    <Card className={css.train} aria-labelledby="train">
      <h2 id="train">{t("training.title")}</h2>
      <p className={css.note}>
        {t("training.lead", { budget: parts.join(t("training.and")), entry: submission.entry_name })}
      </p>
      {!open && (
        <p>
          <Button tone="gold" onClick={() => setOpen(true)}>
            {t("training.open")}
          </Button>
        </p>
      )}
      {open && options.isPending && <Loading />}
      {options.error && <ErrorNote error={options.error} retry={() => void options.refetch()} />}
      {open && options.data && <Order dataset={submission} options={options.data} />}
    </Card>
  );
}
