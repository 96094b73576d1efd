import type { SideName, TraceStep } from "@gavel/api";
import { cx } from "@gavel/ui";
import { useT } from "./i18n";
import css from "./Likely.module.css";
import { choices, visible } from "./steps";

interface LikelyProps {
  side: SideName;
  step: TraceStep;
  place: number;
  count: number;
}

/** One token: how sure the model was, and what it held likely there. The strip says the same to a screen reader. */
export function Likely({ side, step, place, count }: LikelyProps) {
  const { t, number } = useT();
  const percent = (value: number) => number(value, { style: "percent", maximumFractionDigits: 1 });
  const bits = (value: number) => number(value, { maximumFractionDigits: 2 });
  const all = choices(step);
  return (
    <section className={css.panel} aria-label={`${t(`side.${side}`)}: ${t("trace.alternatives")}`}>
      <p className={css.head}>
        <b>{visible(step.text) ?? t("trace.nothing")}</b>
        <span>{t("trace.place", { place: place + 1, count })}</span>
      </p>
      {step.probability === null ? (
        <p className={css.note}>{t("trace.unknown")}</p>
      ) : (
        <>
          <dl className={css.facts}>
            <div>
              <dt>{t("trace.entropy_of")}</dt>
              <dd>{t("trace.at_least", { value: bits(step.entropy ?? 0) })}</dd>
            </div>
            <div>
              <dt>{t("trace.margin_of")}</dt>
              <dd>{percent(step.margin ?? 0)}</dd>
            </div>
            <div>
              <dt>{t("trace.surprise_of")}</dt>
              <dd>{t("trace.bits", { value: bits(step.surprise ?? 0) })}</dd>
            </div>
          </dl>
          <ol className={css.list}>
            {all.map((one, rank) => (
              <li key={String(rank)} className={cx(one.said && css.said)}>
                <span className={cx(css.word, one.text === null && css.silent)}>
                  {one.text === null ? t(one.said ? "trace.nothing" : "trace.hidden") : visible(one.text)}
                </span>
                {one.said && <small>{t("trace.said")}</small>}
                <span className={css.bar} aria-hidden="true">
                  <i
                    style={{ width: `${100 * one.probability}%`, background: one.said ? `var(--${side})` : undefined }}
                  />
                </span>
                <span className={css.percent}>{percent(one.probability)}</span>
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}
