import type { JudgeReport, JudgingReport } from "@gavel/api";
import { SelectField, Table } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useState } from "react";
import { useEpisodes } from "../app/queries";
import { useT } from "../i18n";
import css from "./Jury.module.css";
import { useReport } from "./queries";

/** After the reveal: agreement beyond chance, and how each judge leans. */
export function Report() {
  const { t } = useT();
  const episodes = useEpisodes();
  const [episode, setEpisode] = useState("");
  const { data: report, error } = useReport(episode);
  return (
    <section className={css.section} aria-labelledby="jury-report">
      <header className={css.head}>
        <h2 id="jury-report">{t("jury.report")}</h2>
        <SelectField label={t("jury.of")} value={episode} onChange={(event) => setEpisode(event.target.value)}>
          <option value="">{t("jury.season")}</option>
          {episodes.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {t("jury.episode", { number: one.number, title: one.title })}
            </option>
          ))}
        </SelectField>
      </header>
      {error && <ErrorNote error={error} />}
      {!report && !error && <Loading />}
      {report?.duels === 0 && <p className={css.mute}>{t("jury.nothing")}</p>}
      {report && report.duels > 0 && <Figures report={report} />}
    </section>
  );
}

function Figures({ report }: { report: JudgingReport }) {
  return (
    <>
      <Alphas report={report} />
      {report.judges.length > 0 && <Judges judges={report.judges} />}
      {report.models.length > 0 && <Models report={report} />}
    </>
  );
}

function Alphas({ report }: { report: JudgingReport }) {
  const { t, number } = useT();
  const figure = (value: number) => number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  return (
    <>
      <dl className={css.alphas}>
        {(["nominal", "interval"] as const).map((metric) => {
          const alpha = report[metric];
          return (
            <div key={metric}>
              <dt>{t(`jury.alpha.${metric}`)}</dt>
              <dd>
                <b>{alpha ? figure(alpha.value) : "–"}</b>
                {alpha && (
                  <small>
                    {t("jury.alpha.between", { low: figure(alpha.low), high: figure(alpha.high), count: alpha.units })}
                  </small>
                )}
              </dd>
            </div>
          );
        })}
      </dl>
      <p className={css.mute}>{t("jury.alpha.text")}</p>
    </>
  );
}

function Judges({ judges }: { judges: JudgeReport[] }) {
  const { t, number } = useT();
  const share = (value: number | null) =>
    value === null ? "–" : number(value, { style: "percent", maximumFractionDigits: 0 });
  const criteria = [...new Set(judges.flatMap((judge) => Object.keys(judge.strictness)))];
  return (
    <Table label={t("jury.judges")}>
      <thead>
        <tr>
          <th scope="col">{t("jury.judge")}</th>
          {(["verdicts", "skips", "left", "ties", "agrees", "seconds", "gold", "steady", "changed"] as const).map(
            (column) => (
              <th key={column} scope="col" title={t(`jury.why.${column}`)}>
                {t(`jury.column.${column}`)}
              </th>
            ),
          )}
          {criteria.map((one) => (
            <th key={one} scope="col" title={t("jury.why.strict")}>
              {t("jury.column.strict", { criterion: one })}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {judges.map((judge) => (
          <tr key={judge.name}>
            <th scope="row">{judge.name}</th>
            <td>{judge.verdicts}</td>
            <td>{judge.skips}</td>
            <td>{share(judge.left_seen)}</td>
            <td>{share(judge.ties)}</td>
            <td>{share(judge.agrees)}</td>
            <td>{judge.seconds === null ? "–" : number(judge.seconds, { maximumFractionDigits: 0 })}</td>
            <td>{`${judge.calibration.right} / ${judge.calibration.gold}`}</td>
            <td>{`${judge.calibration.steady} / ${judge.calibration.repeats}`}</td>
            <td>{`${judge.changed} / ${judge.second_looks}`}</td>
            {criteria.map((one) => (
              <td key={one}>
                {judge.strictness[one] === undefined
                  ? "–"
                  : number(judge.strictness[one], { maximumFractionDigits: 1, signDisplay: "exceptZero" })}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Models({ report }: { report: JudgingReport }) {
  const { t, number } = useT();
  return (
    <>
      <h3>{t("jury.models")}</h3>
      <p className={css.mute}>{t("jury.models_text")}</p>
      <Table label={t("jury.models")}>
        <thead>
          <tr>
            {(["model", "verdicts", "agrees", "abstained"] as const).map((column) => (
              <th key={column} scope="col">
                {t(`jury.column.${column}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {report.models.map((one) => (
            <tr key={one.id}>
              <th scope="row">
                {one.id} <small>{one.model}</small>
              </th>
              <td>{one.verdicts}</td>
              <td>{one.agrees === null ? "–" : number(one.agrees, { style: "percent", maximumFractionDigits: 0 })}</td>
              <td>
                {Object.entries(one.abstained)
                  .map(([why, count]) => `${t(`jury.abstains.${why}` as "jury.abstains.flip")} ${count}`)
                  .join(" · ") || "–"}
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
    </>
  );
}
