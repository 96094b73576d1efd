import { cx } from "../cx";
import { useT } from "../i18n";
import css from "./Bar.module.css";

export interface Part {
  value: number;
  tone: "left" | "right" | "neutral" | "gold" | "next";
}

interface BarProps {
  parts: Part[];
  /** What a full bar is; the sum of the parts when left out. */
  total?: number;
  /** Said to screen readers; the numbers should also stand in the text beside it. */
  label: string;
  className?: string | undefined;
}

/** Parts of a whole, one of each tone: a tally, or progress with one part. Nothing counted gives an empty bar. */
export function Bar({ parts, total, label, className }: BarProps) {
  const whole = total ?? parts.reduce((sum, part) => sum + part.value, 0);
  return (
    <div className={cx(css.bar, className)} role="img" aria-label={label}>
      {parts
        .filter((part) => part.value > 0)
        .map((part) => (
          <i
            key={part.tone}
            className={cx(css.part, css[part.tone])}
            style={{ width: `${whole > 0 ? Math.min(100, (100 * part.value) / whole) : 0}%` }}
          />
        ))}
    </div>
  );
}

export interface Axis {
  min: number;
  max: number;
}

/** One axis for all rows, so that bars can be compared: the widest interval plus a little air. */
export function axisOf(rows: { lo: number | null; hi: number | null }[], always: number[] = []): Axis {
  const values = rows.flatMap((row) => [row.lo, row.hi]).filter((value): value is number => value != null);
  const all = [...values, ...always];
  if (all.length === 0) return { min: 0, max: 1 };
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const air = Math.max((high - low) * 0.06, 1);
  return { min: low - air, max: high + air };
}

interface IntervalBarProps {
  value: number;
  lo: number;
  hi: number;
  axis: Axis;
  /** A dashed line, such as the house's 1000. */
  base?: number;
  /** Colour of the range; a neutral grey when left out. */
  tone?: string | undefined;
  className?: string | undefined;
}

/** A rating with its 95 % interval on a shared axis. */
export function IntervalBar({ value, lo, hi, axis, base, tone, className }: IntervalBarProps) {
  const { t } = useT();
  const at = (rating: number) => `${Math.min(100, Math.max(0, (100 * (rating - axis.min)) / (axis.max - axis.min)))}%`;
  const label = t("state.interval", { rating: Math.round(value), lo: Math.round(lo), hi: Math.round(hi) });
  return (
    <div
      className={cx(css.interval, className)}
      role="img"
      aria-label={label}
      style={{ "--tone": tone } as React.CSSProperties}
    >
      {base !== undefined && <i className={css.base} style={{ left: at(base) }} />}
      <i className={css.range} style={{ left: at(lo), width: `calc(${at(hi)} - ${at(lo)})` }} />
      <i className={css.mark} style={{ left: at(value) }} />
    </div>
  );
}
