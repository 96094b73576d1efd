import { type ReactNode, useEffect } from "react";
import css from "./Page.module.css";

/** The name in the browser's tab. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Gavel`;
  }, [title]);
}

interface PageHeadProps {
  title: string;
  kicker?: ReactNode;
  children?: ReactNode;
  actions?: ReactNode;
}

/** The head of a page: what it is, one sentence, what can be done. */
export function PageHead({ title, kicker, children, actions }: PageHeadProps) {
  useTitle(title);
  return (
    <header className={css.head}>
      <div>
        {kicker && <p className={css.kicker}>{kicker}</p>}
        <h1>{title}</h1>
        {children && <div className={css.lead}>{children}</div>}
      </div>
      {actions && <div className={css.actions}>{actions}</div>}
    </header>
  );
}
