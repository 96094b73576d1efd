import type { Tally } from "@gavel/api";
import { Bar, cx, SideIcon } from "@gavel/ui";
import { useT } from "../i18n";
import { decimals, splitOf } from "./tally";
import css from "./Verdict.module.css";

interface VerdictProps {
  who: "crowd" | "judges";
  tally: Tally;
  className?: string | undefined;
}

/** How the crowd, or the judges, decided: shares for many, heads for few. */
export function Verdict({ who, tally, className }: VerdictProps) {
  const { t, number } = useT();
  const split = splitOf(tally);
  const percent = (value: number) =>
    number(value / split.total, { style: "percent", maximumFractionDigits: decimals(split.total) });
  const show = (value: number) => (who === "judges" ? number(value) : percent(value));
  const count =
    who === "judges"
      ? t("result.people", { count: split.total })
      : t("result.votes", { count: split.total, votes: number(split.total) });
  const head = (
    <header className={css.head}>
      <b>{t(`result.${who}`)}</b>
      <span>{split.total > 0 && count}</span>
    </header>
  );
  if (split.total === 0) {
    return (
      <section className={cx(css.verdict, className)}>
        {head}
        <p className={css.other}>{t("result.nobody")}</p>
      </section>
    );
  }
  const label = t("result.split", {
    who: t(`result.${who}`),
    left: show(split.left),
    right: show(split.right),
    other: show(split.other),
  });
  return (
    <section className={cx(css.verdict, className)}>
      {head}
      <div className={css.figures}>
        <span className={css.left}>
          <SideIcon side="left" size="0.7em" /> {show(split.left)}
        </span>
        <span className={css.right}>
          {show(split.right)} <SideIcon side="right" size="0.7em" />
        </span>
      </div>
      <Bar
        className={css.bar}
        label={label}
        parts={[
          { value: split.left, tone: "left" },
          { value: split.other, tone: "neutral" },
          { value: split.right, tone: "right" },
        ]}
      />
      {split.other > 0 && (
        <p className={css.other}>
          {t("result.neither")} {show(split.other)}
        </p>
      )}
    </section>
  );
}
