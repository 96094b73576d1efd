import { cx, Link, Mark, OtherLanguage } from "@gavel/ui";
import { type ReactNode, useEffect } from "react";
import { useT } from "../i18n";
import css from "./Frame.module.css";

interface FrameProps {
  title: string;
  /** For what has many columns. */
  wide?: boolean;
  children: ReactNode;
}

/** The frame of the pages that are read, as against followed: boards, results, explanations. */
export function Frame({ title, wide = false, children }: FrameProps) {
  const { t } = useT();
  useEffect(() => {
    document.title = `${title} · Gavel`;
  }, [title]);
  return (
    <div className={cx(css.page, wide && css.wide)}>
      <header className={css.top}>
        <Link to="/" aria-label={t("board.back")} className={css.home}>
          <Mark size={40} />
        </Link>
        <h1>{title}</h1>
        <OtherLanguage />
      </header>
      <main className={css.main}>{children}</main>
    </div>
  );
}
