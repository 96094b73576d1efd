import { api, type Run, type Sample } from "@gavel/api";
import { SelectField, StateMark } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Samples.module.css";
import { taskName, useSuite } from "./suite";

const RESULTS = ["any", "correct", "wrong"] as const;
type Result = (typeof RESULTS)[number];

/** Every question as it was asked and answered. */
export function Samples({ submission, run }: { submission: string; run: Run }) {
  const { t, language } = useT();
  const { data } = useSuite(run.suite);
  const name = (one: string) => taskName(data, one, language);
  const [task, setTask] = useState("");
  const [result, setResult] = useState<Result>("any");
  const samples = useQuery({
    queryKey: ["samples", submission],
    queryFn: () =>
      api.get("/api/submissions/{submission_id}/samples", { params: { path: { submission_id: submission } } }),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (samples.error) return <ErrorNote error={samples.error} />;
  if (!samples.data) return <Loading />;
  // In the order of the scores above.
  const tasks = run.tasks.map((scored) => scored.task);
  const all = tasks.flatMap((one) => samples.data.items.filter((sample) => sample.task === one));
  const shown = all.filter(
    (sample) =>
      (task === "" || sample.task === task) && (result === "any" || sample.correct === (result === "correct")),
  );
  return (
    <section className={css.samples}>
      <header>
        <h3>
          {t("bench.samples")} <span>{shown.length}</span>
        </h3>
        <SelectField label={t("bench.filter_task")} value={task} onChange={(event) => setTask(event.target.value)}>
          <option value="">{t("bench.filter_all")}</option>
          {tasks.map((one) => (
            <option key={one} value={one}>
              {name(one)}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t("bench.filter_result")}
          value={result}
          onChange={(event) => setResult(event.target.value as Result)}
        >
          {RESULTS.map((one) => (
            <option key={one} value={one}>
              {t(`bench.filter_${one}`)}
            </option>
          ))}
        </SelectField>
      </header>
      {shown.length === 0 && <p>{t("bench.samples_none")}</p>}
      <ul>
        {shown.map((sample) => (
          <li key={`${sample.task} ${sample.index}`}>
            <One sample={sample} task={name(sample.task)} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function One({ sample, task }: { sample: Sample; task: string }) {
  const { t } = useT();
  return (
    <details className={css.one}>
      <summary>
        <StateMark tone={sample.correct ? "good" : "bad"} size={18} />
        <span className="hidden">{sample.correct ? t("bench.correct") : t("bench.wrong")}</span>
        <span className={css.task}>
          {task} {sample.index + 1}
        </span>
        <span className={css.line}>{sample.question}</span>
      </summary>
      <dl>
        <dt>{t("bench.question")}</dt>
        <dd>{sample.question}</dd>
        <dt>{t("bench.expected")}</dt>
        <dd>{sample.expected}</dd>
        <dt>{t("bench.answer")}</dt>
        <dd data-correct={sample.correct}>{sample.answer || t("bench.nothing")}</dd>
      </dl>
    </details>
  );
}
