import { cx } from "@gavel/ui";
import type { ReactNode } from "react";
import css from "./Pill.module.css";

export type Tone = "calm" | "busy" | "good" | "warn" | "bad" | "air";

/** A word for a state; its mark differs in shape as well as in colour. */
export function Pill({
  tone,
  children,
  className,
}: {
  tone: Tone;
  children: ReactNode;
  className?: string | undefined;
}) {
  return (
    <span className={cx(css.pill, css[tone], className)}>
      <StateMark tone={tone} />
      {children}
    </span>
  );
}

/** ✓ good, ! warn, ✕ bad, a turning arc for busy, a disc for air, a ring for calm. */
export function StateMark({ tone, size = 16 }: { tone: Tone; size?: number }) {
  return (
    <svg viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" className={cx(css.mark, css[tone])}>
      {tone === "good" && <path d="M3.5 8.5 6.8 12l5.7-7.5" />}
      {tone === "warn" && <path d="M8 3v6.2M8 12.2v.6" />}
      {tone === "bad" && <path d="M4 4l8 8M12 4l-8 8" />}
      {tone === "busy" && <path className={css.arc} d="M8 2.2A5.8 5.8 0 1 1 2.2 8" />}
      {tone === "air" && <circle cx="8" cy="8" r="4.2" fill="currentColor" stroke="none" />}
      {tone === "calm" && <circle cx="8" cy="8" r="4.4" />}
    </svg>
  );
}
