import { ApiError, type TrainingRun } from "@gavel/api";
import { PageHead, useTimes } from "@gavel/desk";
import { Button, EmptyState, ErrorNote, Link, Loading, navigate } from "@gavel/ui";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useT } from "../i18n";
import { Acts } from "./Acts";
import { Outcome } from "./Outcome";
import { RunCurves } from "./RunCurves";
import { RunNow } from "./RunNow";
import { isMoving, pointsQuery, runQuery } from "./runs";
import { StatePill } from "./StatePill";
import { TakeAway } from "./TakeAway";
import css from "./Training.module.css";

/** One training run: how far it is, its curves, what came of it, and how to do it again. */
export function RunPage({ id }: { id: string }) {
  const { t } = useT();
  const run = useQuery(runQuery(id));
  const unknown = run.error instanceof ApiError && (run.error.status === 404 || run.error.status === 422);
  if (unknown) {
    return (
      <EmptyState
        heading="h1"
        title={t("training.missing")}
        action={<Button onClick={() => navigate("/")}>{t("entry.back")}</Button>}
      />
    );
  }
  if (!run.data) return run.error ? <ErrorNote error={run.error} /> : <Loading />;
  return <Run run={run.data} />;
}

function Run({ run }: { run: TrainingRun }) {
  const { t } = useT();
  const { moment } = useTimes();
  const points = useQuery(pointsQuery(useQueryClient(), run.id));
  const { dataset } = run;
  return (
    <>
      <PageHead
        title={t(`training.recipes.${run.spec.recipe}`)}
        kicker={<Link to={`/entries/${run.entry_id}`}>← {run.entry}</Link>}
        actions={<StatePill state={run.state} />}
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
      {points.data && <RunCurves points={points.data} until={run.budget.steps} moving={isMoving(run)} />}
      <div className={css.columns}>
        <Outcome run={run} />
        <TakeAway run={run} />
      </div>
    </>
  );
}
