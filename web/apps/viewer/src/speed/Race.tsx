import type { SpeedMetric, SpeedRun } from "@gavel/api";
import { SideIcon, useEntryName } from "@gavel/ui";
import type { CSSProperties } from "react";
import { isTime, lead, SIDES, type Side, scaleOf, type Times, timesAsFast } from "./figures";
import { useT } from "./i18n";
import css from "./Speed.module.css";

export const ICON = { a: "left", b: "right" } as const;

interface RaceProps {
  run: SpeedRun;
  metrics: SpeedMetric[];
}

/** Every figure as times as fast as the house, with its interval, and what that says of A against B. */
export function Race({ run, metrics }: RaceProps) {
  const { t } = useT();
  const ratios = metrics.flatMap((metric) => SIDES.map((side) => times(metric, side)));
  const scale = scaleOf(ratios.filter((one) => one !== null));
  return (
    <>
      <ul className={css.race}>
        {metrics.map((metric) => (
          <li key={metric.metric} className={css.metric}>
            <header>
              <h3>{t(`speed.metric.${metric.metric}`)}</h3>
              <small>{t(`speed.metric_text.${metric.metric}`)}</small>
            </header>
            {run.void === null && <Outcome run={run} metric={metric} />}
            {SIDES.map((side) => (
              <Lane key={side} run={run} metric={metric} side={side} scale={scale} />
            ))}
          </li>
        ))}
      </ul>
      <p className={css.note}>{t("speed.scale", { blocks: run.blocks_done })}</p>
    </>
  );
}

function times(metric: SpeedMetric, side: Side): Times | null {
  return timesAsFast(metric.metric, side === "a" ? metric.a_to_house : metric.b_to_house);
}

function Outcome({ run, metric }: { run: SpeedRun; metric: SpeedMetric }) {
  const { t, number } = useT();
  const nameOf = useEntryName();
  const percent = (value: number) => number(value, { style: "percent", maximumFractionDigits: 1 });
  const ahead = lead(metric);
  if (metric.outcome === null) return <p className={css.outcome}>{t("speed.none")}</p>;
  if (ahead === null)
    return (
      <p className={css.outcome}>
        <b>{t("speed.tie")}</b> <small>{t("speed.tie_text", { band: percent(run.rules.tie_band) })}</small>
      </p>
    );
  return (
    <p className={css.outcome}>
      <b className={css.gold}>{t("speed.faster", { name: nameOf(run[ahead.side]), share: percent(ahead.value) })}</b>{" "}
      <small>{t("speed.sure", { lo: percent(ahead.lo), hi: percent(ahead.hi) })}</small>
    </p>
  );
}

interface LaneProps {
  run: SpeedRun;
  metric: SpeedMetric;
  side: Side;
  scale: { min: number; max: number };
}

function Lane({ run, metric, side, scale }: LaneProps) {
  const { t, number } = useT();
  const nameOf = useEntryName();
  const shown = times(metric, side);
  const two = (value: number) => number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const at = (value: number) => `${(100 * (value - scale.min)) / (scale.max - scale.min)}%`;
  const unit = (value: number) =>
    t(isTime(metric.metric) ? "speed.ms" : "speed.tps", { value: number(value, { maximumFractionDigits: 1 }) });
  const [mine, house] = [metric[side], metric.house];
  const style = {
    "--tone": `var(--${ICON[side]})`,
    "--house": at(1),
    "--band-from": at(1 - run.rules.tie_band),
    "--band-to": at(1 + run.rules.tie_band),
  } as CSSProperties;
  return (
    <div className={css.lane}>
      <span className={css.who}>
        <SideIcon side={ICON[side]} /> <b>{nameOf(run[side])}</b>
      </span>
      <span className={css.value}>
        {shown === null
          ? t("speed.no_ratio")
          : t("speed.ratio", { value: two(shown.value), lo: two(shown.lo), hi: two(shown.hi) })}
      </span>
      <span className={css.track} style={style} aria-hidden="true">
        <i className={css.band} />
        <i className={css.house} />
        {shown && (
          <>
            <i className={css.range} style={{ left: at(shown.lo), width: `calc(${at(shown.hi)} - ${at(shown.lo)})` }} />
            <i className={css.dot} style={{ left: at(shown.value) }} />
          </>
        )}
      </span>
      {mine !== null && house !== null && (
        <small className={css.here}>{t("speed.here", { value: unit(mine), house: unit(house) })}</small>
      )}
    </div>
  );
}
