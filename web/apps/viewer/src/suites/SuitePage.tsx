import { ApiError, api, type Suite } from "@gavel/api";
import { Card, EmptyState, ErrorNote, Link, Loading, Mark } from "@gavel/ui";
import type { ReactNode } from "react";
import { useLoad } from "../shared/load";
import { Frame } from "../speed/Frame";
import { useT } from "./i18n";
import { Reproduce } from "./Reproduce";
import { Scores } from "./Scores";
import css from "./Suites.module.css";
import { Tasks } from "./Tasks";

/** One suite, for everybody: what is asked, who has scored what, and how to compute it again. */
export default function SuitePage({ suite: id }: { suite: string }) {
  const { t, language } = useT();
  const suite = useLoad(`suite ${id}`, () => api.get("/api/suites/{suite_id}", { params: { path: { suite_id: id } } }));
  const unknown = suite.error instanceof ApiError && suite.error.status === 404;
  const title = suite.data?.name[language] ?? t("suites.title");
  return (
    <Frame title={title}>
      <p className={css.back}>
        <Link to="/suites">← {t("suites.all")}</Link>
      </p>
      {unknown && <EmptyState icon={<Mark size={72} />} title={t("suites.missing")} />}
      {!suite.data && !unknown && (suite.error ? <ErrorNote error={suite.error} retry={suite.retry} /> : <Loading />)}
      {suite.data && <Known suite={suite.data} />}
    </Frame>
  );
}

function Known({ suite }: { suite: Suite }) {
  const { t } = useT();
  const scores = useLoad(`scores ${suite.id}`, () =>
    api.get("/api/leaderboard/suites/{suite_id}", { params: { path: { suite_id: suite.id } } }),
  );
  return (
    <>
      <Card className={css.card}>
        <h2>{t("suites.scores")}</h2>
        {!scores.data && (scores.error ? <ErrorNote error={scores.error} retry={scores.retry} /> : <Loading />)}
        {scores.data && <Scores suite={suite} scores={scores.data} />}
      </Card>
      <Card className={css.card}>
        <h2>{t("suites.tasks_title")}</h2>
        <Tasks suite={suite} />
      </Card>
      {scores.data?.rows.some((row) => row.accuracy !== null) && (
        <Card className={css.card}>
          <h2>{t("suites.reproduce")}</h2>
          <Reproduce suite={suite} rows={scores.data.rows} />
        </Card>
      )}
      <Facts suite={suite} />
    </>
  );
}

function Facts({ suite }: { suite: Suite }) {
  const { t } = useT();
  const fixed = suite.seed_commitment === null;
  return (
    <Card className={css.card}>
      <h2>{t("suites.facts")}</h2>
      <dl className={css.facts}>
        <Fact name={t("suites.version")}>{suite.version}</Fact>
        <Fact name={t("suites.digest")}>
          <code>{suite.digest}</code>
        </Fact>
        <Fact name={t("suites.licence")}>{suite.licence}</Fact>
        <Fact name={t("suites.generator")}>
          <code>{suite.generator}</code>
        </Fact>
        <Fact name={t("suites.seed")}>
          {suite.seed === null ? (
            t("suites.seed_later")
          ) : fixed ? (
            t("suites.seed_fixed", { seed: suite.seed })
          ) : (
            <code>{suite.seed}</code>
          )}
        </Fact>
        {suite.seed_commitment && (
          <Fact name={t("suites.commitment")}>
            <code>{suite.seed_commitment}</code>
            <small>{t("suites.commitment_text")}</small>
          </Fact>
        )}
        <Fact name={t("suites.canary")}>
          <code>{suite.canary}</code>
          <small>{t("suites.canary_text")}</small>
        </Fact>
      </dl>
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
