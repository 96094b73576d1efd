import type { Finding } from "@gavel/api";
import { StateMark, type Tone } from "@gavel/desk";
import { useT } from "../i18n";
import css from "./DatasetCard.module.css";

const TONES: Record<Finding["severity"], Tone> = { refused: "bad", warning: "warn", info: "calm" };

/** One thing that was found: how bad, in how many rows, what to do, and the first rows that show it. */
export function FindingLine({ finding }: { finding: Finding }) {
  const { t, find } = useT();
  const { code, severity, rows, examples } = finding;
  const fix = find(`problem.${code}.fix`, finding.detail);
  return (
    <li data-severity={severity}>
      <StateMark tone={TONES[severity]} size={20} />
      <div>
        <h4>
          {find(`problem.${code}.what`, finding.detail) ?? finding.message}{" "}
          <span>
            {t(`dataset.${severity}`)}
            {rows > 0 && ` · ${t("dataset.in_rows", { count: rows })}`}
          </span>
        </h4>
        {fix && <p className={css.note}>{fix}</p>}
        {examples.length > 0 && <Examples finding={finding} />}
      </div>
    </li>
  );
}

function Examples({ finding }: { finding: Finding }) {
  const { t } = useT();
  const { code, examples } = finding;
  const told = examples.some((example) => example.place || example.excerpt || example.other !== null);
  const name = t("dataset.examples");
  if (!told)
    return <p className={css.note}>{t("dataset.such_as", { rows: examples.map((one) => one.row).join(", ") })}</p>;
  return (
    <details>
      <summary>
        {name} · {examples.length}
      </summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={css.scroll} tabIndex={0} aria-label={name}>
        <table className={css.examples}>
          <thead>
            <tr>
              <th>{t("dataset.row")}</th>
              <th>{t("dataset.place")}</th>
              <th>{t("dataset.excerpt")}</th>
            </tr>
          </thead>
          <tbody>
            {examples.map((example) => (
              <tr key={`${code}-${example.row}`}>
                <td>{example.row}</td>
                <td>
                  {example.other !== null && t("dataset.repeats_row", { row: example.other })}
                  {example.place && <code>{example.place}</code>}
                </td>
                <td>{example.excerpt || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </details>
  );
}
