import { Table, useTimes } from "@gavel/desk";
import { ErrorNote, Loading, useEntryName } from "@gavel/ui";
import { useSuites } from "../app/queries";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { useDecisions } from "./queries";

/** What was decided about scores, by whom and why. Nothing can be taken out of it. */
export function Decisions() {
  const { t, language, number } = useT();
  const { moment } = useTimes();
  const nameOf = useEntryName();
  const decisions = useDecisions();
  const suites = useSuites();
  const points = (share: number | null) => (share === null ? "–" : number(Math.round(100 * share)));
  return (
    <section className={css.section} aria-labelledby="bench-decisions">
      <h2 id="bench-decisions">{t("bench.decisions")}</h2>
      {decisions.error && <ErrorNote error={decisions.error} />}
      {decisions.isPending && !decisions.error && <Loading />}
      {decisions.data?.length === 0 && <p className={css.mute}>{t("bench.decisions_none")}</p>}
      {decisions.data && decisions.data.length > 0 && (
        <Table label={t("bench.decisions")}>
          <thead>
            <tr>
              <th scope="col">{t("bench.decision.when")}</th>
              <th scope="col">{t("bench.decision.who")}</th>
              <th scope="col">{t("bench.decision.what")}</th>
              <th scope="col">{t("bench.decision.about")}</th>
              <th scope="col">{t("bench.decision.why")}</th>
            </tr>
          </thead>
          <tbody>
            {decisions.data.map((one) => (
              <tr key={one.id}>
                <td>{moment(one.at)}</td>
                <td>{one.by ?? t("bench.lab")}</td>
                <td>
                  {t(`bench.acts.${one.act}`)}
                  {(one.before !== null || one.after !== null) && (
                    <small>{t("bench.from_to", { before: points(one.before), after: points(one.after) })}</small>
                  )}
                </td>
                <td>
                  {t("bench.version", { name: nameOf(one.entry), version: one.entry.version })}
                  <small>{suites.data?.find((suite) => suite.id === one.suite)?.name[language] ?? one.suite}</small>
                </td>
                <td>{one.reason ?? "–"}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </section>
  );
}
