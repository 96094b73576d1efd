import { useEffect, useState } from "react";
import { cx } from "../cx";
import { useT } from "../i18n";
import css from "./Countdown.module.css";

const LAST_SECONDS = 5;

/** Milliseconds until a server time, never below 0; re-rendered four times a second until then. */
export function useRemaining(until: string | null, serverNow: () => number): number {
  const left = () => (until === null ? 0 : Math.max(0, Date.parse(until) - serverNow()));
  const [remaining, setRemaining] = useState(left);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `left` reads only these two
  useEffect(() => {
    setRemaining(left());
    const timer = setInterval(() => {
      const now = left();
      setRemaining(now);
      if (now === 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [until, serverNow]);
  return remaining;
}

/** 75 s → "1:15"; rounded up, so that 0:00 means over. */
export function clockText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

interface CountdownProps {
  until: string;
  serverNow: () => number;
  /** With a start the countdown is a ring that empties; without, plain text. */
  from?: string;
  className?: string | undefined;
}

/** Time left by the server's clock. Said once to screen readers, not every second. */
export function Countdown({ until, from, serverNow, className }: CountdownProps) {
  const { t } = useT();
  const remaining = useRemaining(until, serverNow);
  const seconds = Math.ceil(remaining / 1000);
  const last = seconds <= LAST_SECONDS;
  const label = t("state.seconds_left", { count: seconds });
  if (from === undefined) {
    return (
      <span className={cx(css.text, last && css.last, className)} role="timer" aria-label={label}>
        {clockText(remaining)}
      </span>
    );
  }
  const whole = Math.max(1, Date.parse(until) - Date.parse(from));
  const circumference = 2 * Math.PI * 45;
  const minutes = seconds >= 100;
  return (
    <div className={cx(css.ring, last && css.last, className)} role="timer" aria-label={label}>
      <svg viewBox="0 0 100 100" fill="none" strokeWidth="7" strokeLinecap="round" aria-hidden="true">
        <circle className={css.track} cx="50" cy="50" r="45" />
        <circle
          className={css.left}
          cx="50"
          cy="50"
          r="45"
          strokeDasharray={circumference}
          strokeDashoffset={circumference * (1 - Math.min(1, remaining / whole))}
        />
      </svg>
      <span className={cx(css.text, minutes && css.minutes)} aria-hidden="true">
        {minutes ? clockText(remaining) : seconds}
      </span>
    </div>
  );
}
