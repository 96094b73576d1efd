import { ApiError, api, type SpeedRun } from "@gavel/api";
import { AiLabel, Card, cx, EmptyState, ErrorNote, Link, Loading, Mark, useEntryName } from "@gavel/ui";
import { type ReactNode, useEffect } from "react";
import { useLoad } from "../shared/load";
import { Frame } from "./Frame";
import { useT } from "./i18n";
import { Quiz } from "./Quiz";
import { Race } from "./Race";
import { Radar } from "./Radar";
import css from "./Speed.module.css";

const AGAIN_MS = 5_000;
/** The bank of rare tasks: which one it is, the committed seed decides. */
const SURPRISE = "surprise";

/** One measurement, for everybody: what came of it once it is released, and how to compute it again. */
export default function SpeedPage({ run: id }: { run: string }) {
  const { t } = useT();
  const {
    data: run,
    error,
    retry,
  } = useLoad(id, () => api.get("/api/speed/{run_id}", { params: { path: { run_id: id } } }));
  const waits = run != null && run.result === null && run.void === null && run.state !== "failed";
  useEffect(() => {
    if (!waits) return;
    const timer = setInterval(retry, AGAIN_MS);
    return () => clearInterval(timer);
  }, [waits, retry]);
  const unknown = error instanceof ApiError && (error.status === 404 || error.status === 422);
  const title = run ? t(run.kind === "duel" ? "speed.duel" : "speed.quiz", { number: run.number }) : t("speed.how");
  return (
    <Frame title={title}>
      {unknown && (
        <EmptyState
          icon={<Mark size={72} />}
          title={t("speed.missing")}
          action={<Link to="/how">{t("speed.how")}</Link>}
        />
      )}
      {!run && !unknown && (error ? <ErrorNote error={error} retry={retry} /> : <Loading />)}
      {run && <Run run={run} />}
    </Frame>
  );
}

function Run({ run }: { run: SpeedRun }) {
  const { t } = useT();
  const nameOf = useEntryName();
  return (
    <>
      <p className={css.meet}>
        <b className={css.left}>{nameOf(run.a)}</b>
        <span aria-hidden="true">·</span>
        <b className={css.right_name}>{nameOf(run.b)}</b>
        <AiLabel />
        <Link to="/how">{t("speed.how")}</Link>
      </p>
      {run.rehearsal && <p className={css.note}>{t("speed.rehearsal")}</p>}
      <State run={run} />
      {run.result && <Result run={run} result={run.result} />}
      <Facts run={run} />
    </>
  );
}

/** What there is to say while there is no result to score. */
function State({ run }: { run: SpeedRun }) {
  const { t } = useT();
  if (run.void !== null)
    return (
      <div className={cx(css.state, css.bad)} role="alert">
        <b>{t("speed.void")}</b>
        <p>{t(`speed.cause.${run.void}`)}</p>
        {run.result && <p>{t("speed.void_text")}</p>}
      </div>
    );
  if (run.result !== null) return null;
  const [title, text] =
    run.state === "failed"
      ? [t("speed.failed"), t("speed.failed_text")]
      : run.state === "running"
        ? [t("speed.under_way", { done: run.blocks_done, total: run.blocks }), t("speed.not_yet_text")]
        : run.state === "queued"
          ? [t("speed.queued"), t("speed.not_yet_text")]
          : run.state === "scoring"
            ? [t("speed.scoring"), t("speed.not_yet_text")]
            : [t("speed.not_yet"), t("speed.not_yet_text")];
  return (
    <div className={css.state} role="status">
      <b>{title}</b>
      <p>{text}</p>
    </div>
  );
}

function Result({ run, result }: { run: SpeedRun; result: NonNullable<SpeedRun["result"]> }) {
  const { t } = useT();
  return (
    <>
      {result.axes.length > 0 && (
        <Card className={css.card}>
          <h2>{t("speed.verdict_quiz")}</h2>
          <Radar run={run} axes={result.axes} />
        </Card>
      )}
      <Card className={css.card}>
        <h2>{t(run.void === null ? "speed.verdict" : "speed.measured")}</h2>
        <Race run={run} metrics={result.metrics} />
      </Card>
      {result.quiz.length > 0 && (
        <Card className={css.card}>
          <h2>
            {t("speed.questions")} <AiLabel />
          </h2>
          <Quiz run={run} lines={result.quiz} />
        </Card>
      )}
    </>
  );
}

function Facts({ run }: { run: SpeedRun }) {
  const { t, number, language } = useT();
  const band = number(run.rules.tie_band, { style: "percent", maximumFractionDigits: 1 });
  const digest = (value: string | null) =>
    value && (
      <a href={`/api/attestations/${value}`}>
        <code>{value.slice(0, 16)}…</code>
      </a>
    );
  const over = run.seed !== null;
  return (
    <Card className={css.card}>
      <h2>{t("speed.facts")}</h2>
      <dl className={css.facts}>
        {run.hardware_class && <Fact name={t("speed.class")}>{run.hardware_class}</Fact>}
        <Fact name={t("speed.rules")}>
          {run.kind === "duel"
            ? t("speed.rules_value", { blocks: run.rules.blocks, tokens: run.rules.tokens, band })
            : t("speed.rules_quiz", { blocks: run.blocks, band })}
        </Fact>
        {run.suite !== null && (
          <Fact name={t("speed.suite")}>
            {run.suite === SURPRISE ? (
              (run.surprise?.[language] ?? t("speed.surprise_later"))
            ) : (
              <Link to={`/suites/${run.suite}`}>{run.suite}</Link>
            )}
          </Fact>
        )}
        <Fact name={t("speed.commitment")}>
          <code>{run.seed_commitment}</code>
        </Fact>
        <Fact name={t("speed.seed")}>{over ? <code>{run.seed}</code> : t("speed.seed_later")}</Fact>
        {run.attested_before && (
          <Fact name={t("speed.attested")}>
            {digest(run.attested_before)} {digest(run.attested_after)}
          </Fact>
        )}
      </dl>
      {run.result && (
        <p>
          <a className={css.download} href={`/api/speed/${run.id}/runs.json`} download>
            {t("speed.download")}
          </a>{" "}
          <AiLabel />
        </p>
      )}
    </Card>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
