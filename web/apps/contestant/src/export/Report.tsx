import type { ExportLine, ExportReport, ExportShare } from "@gavel/api";
import { useSuite } from "../bench/suite";
import { useT } from "../i18n";
import css from "./ExportCard.module.css";

/** What was lost, suite by suite, with intervals; and whether that is within the gate, as far as anybody can tell. */
export function Report({ report }: { report: ExportReport }) {
  const { t, number } = useT();
  const gate = number(report.gate, { style: "percent" });
  const { verdict, why } = report.total;
  return (
    <>
      <p className={css[verdict]}>
        {t(`export.verdict.${verdict}`, { gate })} {why && t(`export.why.${why}`)}
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={css.scroll} tabIndex={0} aria-label={t("export.report")}>
        <table className={css.table}>
          <thead>
            <tr>
              <th scope="col">{t("export.suite")}</th>
              <th scope="col">{t("export.n")}</th>
              <th scope="col">{t("export.original")}</th>
              <th scope="col">{t("export.exported")}</th>
              <th scope="col">{t("export.kept")}</th>
              <th scope="col">{t("export.gate", { gate })}</th>
            </tr>
          </thead>
          <tbody>
            {Object.entries(report.suites).map(([suite, line]) => (
              <Row key={suite} suite={suite} line={line} />
            ))}
            <Row line={report.total} />
          </tbody>
        </table>
      </section>
    </>
  );
}

function Row({ suite, line }: { suite?: string; line: ExportLine }) {
  const { t, number } = useT();
  return (
    <tr>
      <th scope="row">{suite === undefined ? t("export.total") : <SuiteName id={suite} />}</th>
      <td>{number(line.n)}</td>
      <Figure share={line.original} />
      <Figure share={line.exported} />
      <Figure share={line.ratio} />
      <td className={css[line.verdict]} title={line.why ? t(`export.why.${line.why}`) : undefined}>
        {t(`export.said.${line.verdict}`)}
      </td>
    </tr>
  );
}

function SuiteName({ id }: { id: string }) {
  const { language } = useT();
  return <>{useSuite(id).data?.name[language] ?? id}</>;
}

function Figure({ share }: { share: ExportShare | null }) {
  const { t, number } = useT();
  if (share === null) return <td>–</td>;
  const say = (value: number) => number(value, { style: "percent", maximumFractionDigits: 1 });
  return (
    <td>
      {say(share.value)} <small>{t("export.interval", { low: say(share.low), high: say(share.high) })}</small>
    </td>
  );
}
