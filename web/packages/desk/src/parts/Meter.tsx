import { cx } from "@gavel/ui";
import css from "./Meter.module.css";

interface MeterProps {
  done: number;
  total: number;
  label: string;
  className?: string | undefined;
}

/** How far something is. Nothing known of the whole gives a moving stripe. */
export function Meter({ done, total, label, className }: MeterProps) {
  const known = total > 0;
  const percent = known ? Math.min(100, (100 * done) / total) : 0;
  return (
    <div
      className={cx(css.meter, className)}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(percent) : undefined}
      data-unknown={!known || undefined}
    >
      <i style={{ width: known ? `${percent}%` : undefined }} />
    </div>
  );
}
