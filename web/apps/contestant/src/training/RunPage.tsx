import type { TrainingRun } from "@gavel/api";
import { Connection, Devices, PageHead, TrainingPill, useTimes } from "@gavel/desk";
import { useChannel } from "@gavel/live";
import { Button, Card, EmptyState, ErrorNote, Link, Loading, navigate } from "@gavel/ui";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useT } from "../i18n";
import { Acts } from "./Acts";
import { Outcome } from "./Outcome";
import { RunCurves } from "./RunCurves";
import { RunNow } from "./RunNow";
import { isMoving, pointsQuery } from "./runs";
import { TakeAway } from "./TakeAway";
import css from "./Training.module.css";

/** One training run: how far it is, its curves, what came of it, and how to do it again. */
export function RunPage({ id }: { id: string }) {
  const { t } = useT();
  const { state: run, status } = useChannel<TrainingRun>(`training:${id}`);
  const refused = status === "missing" || status === "denied";
  return (
    <>
      <Connection status={status} />
      {refused ? (
        <EmptyState
          heading="h1"
          title={t("training.missing")}
          action={<Button onClick={() => navigate("/")}>{t("entry.back")}</Button>}
        />
      ) : run === null ? (
        <Loading />
      ) : (
        <Run run={run} />
      )}
    </>
  );
}

function Run({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const { moment } = useTimes();
  const points = useQuery(pointsQuery(useQueryClient(), run.id, run));
  const { dataset } = run;
  return (
    <>
      <PageHead
        title={t(`training.recipes.${run.spec.recipe}`)}
        kicker={<Link to={`/entries/${run.entry_id}`}>← {run.entry}</Link>}
        actions={<TrainingPill state={run.state} />}
      >
        <Link to={`/submissions/${dataset.submission_id}`}>
          {t("training.of_dataset", { version: dataset.version })}
        </Link>
        {" · "}
        {run.base_model} · {moment(run.created_at)}
      </PageHead>
      <RunNow run={run}>
        <Acts run={run} />
      </RunNow>
      {points.error && <ErrorNote error={points.error} />}
      {points.data && <RunCurves points={points.data} until={run.race ? 0 : run.budget.steps} moving={isMoving(run)} />}
      <div className={css.columns}>
        <Outcome run={run} />
        <TakeAway run={run} />
      </div>
      <Card className={css.devices}>
        <Devices run={run.id} />
      </Card>
    </>
  );
}
