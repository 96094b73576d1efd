import { api, type Run, type Sample } from "@gavel/api";
import { SelectField, SmallButton, StateMark } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useT } from "../i18n";
import { Options } from "./Options";
import css from "./Samples.module.css";
import { taskName, useSuite } from "./suite";

/** Every question as it was asked and answered, by the page. */
export function Samples({ run }: { run: Run }) {
  const { t, language, number } = useT();
  const { data } = useSuite(run.suite);
  const name = (one: string) => taskName(data, one, language);
  const [task, setTask] = useState("");
  const [wrong, setWrong] = useState(false);
  const [page, setPage] = useState(1);
  const head = useRef<HTMLHeadingElement>(null);
  const samples = useQuery({
    // Who judges is part of the key: answers that were judged again are fetched again.
    queryKey: ["samples", run.id, run.scorer_digest, task, wrong, page],
    queryFn: () =>
      api.get("/api/runs/{run_id}/samples", {
        params: { path: { run_id: run.id }, query: { ...(task && { task }), wrong, page } },
      }),
    staleTime: Number.POSITIVE_INFINITY,
    // The list stays while the next page is on its way.
    placeholderData: keepPreviousData,
  });
  const turn = (to: number) => {
    setPage(to);
    // The buttons are under the list: what is read next begins above it.
    head.current?.focus();
  };
  const filter = (change: () => void) => {
    change();
    setPage(1);
  };
  const shown = samples.data;
  return (
    <section className={css.samples} aria-labelledby="samples">
      <header>
        <h3 id="samples" ref={head} tabIndex={-1}>
          {t("bench.samples")} {shown && <span>{number(shown.total)}</span>}
        </h3>
        <SelectField
          label={t("bench.filter_task")}
          value={task}
          onChange={(event) => filter(() => setTask(event.target.value))}
        >
          <option value="">{t("bench.filter_all")}</option>
          {run.tasks.map((one) => (
            <option key={one.task} value={one.task}>
              {name(one.task)}
            </option>
          ))}
        </SelectField>
        <label className={css.only}>
          <input type="checkbox" checked={wrong} onChange={(event) => filter(() => setWrong(event.target.checked))} />
          {t("bench.only_wrong")}
        </label>
      </header>
      {samples.error && <ErrorNote error={samples.error} />}
      {!shown && !samples.error && <Loading />}
      {shown?.total === 0 && <p>{t("bench.samples_none")}</p>}
      <ul aria-busy={samples.isPlaceholderData}>
        {shown?.items.map((sample) => (
          <li key={`${sample.task} ${sample.index}`}>
            <One sample={sample} task={name(sample.task)} />
          </li>
        ))}
      </ul>
      {shown && shown.pages > 1 && (
        <nav className={css.pages} aria-label={t("bench.pages")}>
          <SmallButton disabled={page <= 1} onClick={() => turn(page - 1)}>
            {t("bench.page_back")}
          </SmallButton>
          <span aria-live="polite">{t("bench.page_of", { page: shown.page, pages: shown.pages })}</span>
          <SmallButton disabled={page >= shown.pages} onClick={() => turn(page + 1)}>
            {t("bench.page_on")}
          </SmallButton>
        </nav>
      )}
    </section>
  );
}

function One({ sample, task }: { sample: Sample; task: string }) {
  const { t } = useT();
  const { extracted, answer } = sample;
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
        <dd data-correct={sample.correct}>{answer || t("bench.nothing")}</dd>
        {/* Where nothing had to be read out of the answer there is nothing more to say. */}
        {extracted !== null && extracted !== answer && (
          <>
            <dt>{t("bench.extracted")}</dt>
            <dd data-correct={sample.correct}>{extracted || t("bench.nothing")}</dd>
          </>
        )}
        {sample.options.length > 0 && (
          <>
            <dt>{t("bench.options")}</dt>
            <dd>
              <Options sample={sample} />
            </dd>
          </>
        )}
      </dl>
    </details>
  );
}
