import type { ReactNode } from "react";
import { cx } from "../cx";
import { useT } from "../i18n";
import { Button } from "./Button";
import css from "./Notes.module.css";

interface EmptyStateProps {
  title: string;
  /** What it means and what comes next. */
  children?: ReactNode;
  icon?: ReactNode;
  action?: ReactNode;
  /** `h1` when it is all there is on the page. */
  heading?: "h1" | "h2";
  className?: string | undefined;
}

/** Nothing here yet, and why. */
export function EmptyState({ title, children, icon, action, heading: Heading = "h2", className }: EmptyStateProps) {
  return (
    <div className={cx(css.empty, className)}>
      {icon}
      <Heading className={css.title}>{title}</Heading>
      {children && <p>{children}</p>}
      {action}
    </div>
  );
}

interface ErrorNoteProps {
  error: unknown;
  retry?: () => void;
  className?: string | undefined;
}

/** What went wrong, in the reader's language, with a way on when there is one. */
export function ErrorNote({ error, retry, className }: ErrorNoteProps) {
  const { t, errorText } = useT();
  return (
    <div className={cx(css.error, className)} role="alert">
      <svg
        viewBox="0 0 20 20"
        width="22"
        height="22"
        aria-hidden="true"
        fill="none"
        stroke="var(--air)"
        strokeWidth="2"
      >
        <circle cx="10" cy="10" r="8.5" />
        <path d="M10 5.5v5.5M10 13.6v1" strokeLinecap="round" />
      </svg>
      <p>{errorText(error)}</p>
      {retry && <Button onClick={retry}>{t("state.retry")}</Button>}
    </div>
  );
}

export function Loading({ className }: { className?: string | undefined }) {
  const { t } = useT();
  return (
    <div className={cx(css.loading, className)} role="status">
      <span className={css.beat} aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {t("state.loading")}
    </div>
  );
}
