import type { SideName } from "@gavel/api";
import type { HTMLAttributes, ReactNode } from "react";
import { cx } from "../cx";
import { useT } from "../i18n";
import css from "./Card.module.css";

export function Card({ className, ...rest }: HTMLAttributes<HTMLElement>) {
  return <section className={cx(css.card, className)} {...rest} />;
}

interface SideIconProps {
  side: SideName;
  size?: string | number;
  /** Dark with a coloured arrow, for a ground in the side's colour. */
  inverse?: boolean;
}

/** Left is a disc that points left, right a square that points right: told apart without colour. */
export function SideIcon({ side, size = "1.15em", inverse = false }: SideIconProps) {
  const [ground, arrow] = inverse ? ["var(--ink)", `var(--${side})`] : [`var(--${side})`, "var(--ink)"];
  return (
    <svg viewBox="0 0 20 20" width={size} height={size} aria-hidden="true" fill="none">
      {side === "left" ? (
        <circle cx="10" cy="10" r="9.5" fill={ground} />
      ) : (
        <rect x=".5" y=".5" width="19" height="19" rx="4" fill={ground} />
      )}
      <path
        d={side === "left" ? "M11.8 5.6 7.2 10l4.6 4.4" : "M8.2 5.6 12.8 10l-4.6 4.4"}
        stroke={arrow}
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}

/** Icon and word for a side, in its colour. */
export function SideLabel({ side, className }: { side: SideName; className?: string | undefined }) {
  const { t } = useT();
  return (
    <span className={cx(css.label, css[side], className)}>
      <SideIcon side={side} />
      {t(`side.${side}`)}
    </span>
  );
}

interface SideCardProps extends HTMLAttributes<HTMLElement> {
  side: SideName;
  /** At the right end of the head line: an AI label, a name, a count. */
  aside?: ReactNode;
}

/** One side of a duel: coloured edge, icon, word, then the children. */
export function SideCard({ side, aside, className, children, ...rest }: SideCardProps) {
  const { t } = useT();
  return (
    <section className={cx(css.side, css[side], className)} aria-label={t(`side.${side}`)} {...rest}>
      <header className={css.head}>
        <SideLabel side={side} />
        <span className={css.aside}>{aside}</span>
      </header>
      {children}
    </section>
  );
}
