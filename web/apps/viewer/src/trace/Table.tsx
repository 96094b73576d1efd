import type { TraceStep } from "@gavel/api";
import { useState } from "react";
import { useT } from "./i18n";
import { choices, visible } from "./steps";
import css from "./Table.module.css";

/** The whole curve in words and numbers. Made when it is opened: it has a row for each token. */
export function Table({ steps }: { steps: TraceStep[] }) {
  const { t } = useT();
  const [open, setOpen] = useState(false);
  return (
    <details className={css.details} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("trace.table")}</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        <section className={css.scroll} tabIndex={0} aria-label={t("trace.table")}>
          <table>
            <thead>
              <tr>
                <th scope="col">{t("trace.number")}</th>
                <th scope="col">{t("trace.token")}</th>
                <th scope="col">{t("trace.probability")}</th>
                <th scope="col">{t("trace.entropy_of")}</th>
                <th scope="col">{t("trace.margin_of")}</th>
                <th scope="col">{t("trace.others")}</th>
              </tr>
            </thead>
            <tbody>
              {steps.map((step, index) => (
                <Line key={String(index)} step={step} number={index + 1} />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}

function Line({ step, number: place }: { step: TraceStep; number: number }) {
  const { t, number } = useT();
  const percent = (value: number | null) =>
    value === null ? "–" : number(value, { style: "percent", maximumFractionDigits: 1 });
  const others = choices(step)
    .filter((one) => !one.said)
    .map((one) => `${one.text === null ? t("trace.hidden") : visible(one.text)} ${percent(one.probability)}`);
  return (
    <tr>
      <td>{place}</td>
      <th scope="row">{visible(step.text) ?? t("trace.nothing")}</th>
      <td>{percent(step.probability)}</td>
      <td>{step.entropy === null ? "–" : `≥ ${number(step.entropy, { maximumFractionDigits: 2 })}`}</td>
      <td>{percent(step.margin)}</td>
      <td>{others.join(" · ")}</td>
    </tr>
  );
}
