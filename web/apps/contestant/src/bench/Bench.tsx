import { api, type Run, type Submission, type TaskScore } from "@gavel/api";
import { retryable } from "@gavel/desk";
import { Card, ErrorNote, IntervalBar, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { Samples } from "./Samples";
import { taskName, useSuite } from "./suite";

const CONFIDENCE = 1.96;
const AGAIN_MS = 4_000;
/** Scores times 100: below 0 is worse than guessing. */
const AXIS = { min: -60, max: 120 };

/** The benchmark of a version: before, during and after. */
export function Bench({ submission }: { submission: Submission }) {
  const { t } = useT();
  const { id, state, digest } = submission;
  const ended = state === "ready" || state === "failed" || state === "refused";
  const run = useQuery({
    // The state is part of the key: the run has news whenever the submission has moved on.
    queryKey: ["benchmark", id, state],
    queryFn: () => api.get("/api/submissions/{submission_id}/benchmark", { params: { path: { submission_id: id } } }),
    enabled: ended && digest !== null,
    refetchInterval: (query) => (retryable(query.state.error) ? AGAIN_MS : false),
  });
  // Ended before there was anything to benchmark.
  if (ended && digest === null) return null;
  return (
    <section className={css.bench}>
      <h2>{t("bench.title")}</h2>
      {run.error && <ErrorNote error={run.error} />}
      {!ended && <p className={css.note}>{state === "benchmarking" ? t("bench.running") : t("bench.after")}</p>}
      {ended && run.isPending && !run.error && <Loading />}
      {run.data?.state === "failed" && <p className={css.note}>{t("bench.failed")}</p>}
      {run.data?.state === "done" && (
        <>
          <p className={css.note}>{t("bench.lead")}</p>
          <Scores run={run.data} />
          <Samples submission={id} run={run.data} />
        </>
      )}
    </section>
  );
}

function Scores({ run }: { run: Run }) {
  const { t, number, language } = useT();
  const suite = useSuite(run.suite).data;
  const points = (share: number) => number(Math.round(100 * share));
  return (
    <Card className={css.scores}>
      {run.accuracy && (
        <p className={css.overall}>
          <span>{t("bench.overall")}</span>
          <b>{points(run.accuracy.value)}</b>
          <span>± {points(run.accuracy.stderr)}</span>
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th>{t("bench.task")}</th>
            <th className={css.right}>{t("bench.score")}</th>
            <td className={css.bar} />
            <th className={css.right}>{t("bench.right")}</th>
            <th className={css.chance}>{t("bench.chance")}</th>
          </tr>
        </thead>
        <tbody>
          {run.tasks.map((task) => (
            <Row key={task.task} task={task} name={taskName(suite, task.task, language)} />
          ))}
        </tbody>
      </table>
      <p className={css.note}>
        {t("bench.made_on", {
          suite: suite?.name[language] ?? run.suite,
          version: suite?.version ?? "–",
          engine: run.engine_build,
          hardware: run.hardware_class,
        })}
        <br />
        {t("bench.suite_digest")} <code title={run.suite_digest}>{run.suite_digest.slice(0, 16)}</code>
        {run.attestation && (
          <>
            <br />
            <a href={`/api/attestations/${run.attestation}`}>{t("bench.attestation")}</a>
          </>
        )}
      </p>
    </Card>
  );
}

function Row({ task, name }: { task: TaskScore; name: string }) {
  const { t, number } = useT();
  const half = CONFIDENCE * task.stderr;
  return (
    <tr>
      <th scope="row">{name}</th>
      <td className={css.right}>
        <b>{number(Math.round(100 * task.score))}</b> <span>± {number(Math.round(100 * task.stderr))}</span>
      </td>
      <td className={css.bar}>
        <IntervalBar
          value={100 * task.score}
          lo={100 * (task.score - half)}
          hi={100 * (task.score + half)}
          axis={AXIS}
          base={0}
        />
      </td>
      <td className={css.right}>{t("bench.right_value", { right: Math.round(task.accuracy * task.n), n: task.n })}</td>
      <td className={css.chance}>{number(task.chance, { style: "percent" })}</td>
    </tr>
  );
}
