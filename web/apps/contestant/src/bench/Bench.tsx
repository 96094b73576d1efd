import type { Run, Submission } from "@gavel/api";
import { SelectField, useTimes } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { Marks } from "./Marks";
import { Profile } from "./Profile";
import { RunNow } from "./RunNow";
import { firstShown, useRuns } from "./runs";
import { Samples } from "./Samples";
import { useSuite } from "./suite";

/** The benchmarks of a version: before, during and after. */
export function Bench({ submission }: { submission: Submission }) {
  const { t } = useT();
  const { state, digest } = submission;
  const [chosen, choose] = useState<string | null>(null);
  const runs = useRuns(submission);
  const ended = state === "ready" || state === "failed" || state === "refused" || state === "withdrawn";
  // Ended before there was anything to benchmark.
  if (ended && digest === null) return null;
  const shown = runs.data?.find((run) => run.id === chosen) ?? firstShown(runs.data ?? []);
  // What is being read stays open when a producer orders another run.
  if (shown && shown.id !== chosen) choose(shown.id);
  return (
    <section className={css.bench} aria-labelledby="bench">
      <h2 id="bench">{t("bench.title")}</h2>
      {runs.error && <ErrorNote error={runs.error} />}
      {digest !== null && runs.isPending && !runs.error && <Loading />}
      {(digest === null || runs.data?.length === 0) && (
        <p className={css.note}>{t(ended ? "bench.none" : "bench.after")}</p>
      )}
      {runs.data && runs.data.length > 1 && shown && <RunChoice runs={runs.data} shown={shown.id} onChoose={choose} />}
      {shown && <Shown key={shown.id} run={shown} />}
    </section>
  );
}

function Shown({ run }: { run: Run }) {
  return (
    <>
      <RunNow run={run} />
      {run.state === "done" || run.state === "void" ? (
        <>
          <Marks run={run} />
          <Profile run={run} />
          <Samples run={run} />
        </>
      ) : null}
    </>
  );
}

function RunChoice({ runs, shown, onChoose }: { runs: Run[]; shown: string; onChoose: (id: string) => void }) {
  const { t } = useT();
  return (
    <div className={css.choice}>
      <SelectField label={t("bench.run")} value={shown} onChange={(event) => onChoose(event.target.value)}>
        {runs.map((run) => (
          <RunOption key={run.id} run={run} />
        ))}
      </SelectField>
    </div>
  );
}

function RunOption({ run }: { run: Run }) {
  const { t, language } = useT();
  const { moment } = useTimes();
  const suite = useSuite(run.suite).data;
  return (
    <option value={run.id}>
      {t("bench.run_option", {
        suite: suite?.name[language] ?? run.suite,
        extent: t(`bench.extent.${run.extent}`),
        state: t(`bench.state.${run.state}`),
        time: moment(run.created_at),
      })}
    </option>
  );
}
