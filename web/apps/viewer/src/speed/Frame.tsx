import { Link, Mark, OtherLanguage } from "@gavel/ui";
import { type ReactNode, useEffect } from "react";
import { useT } from "../i18n";
import css from "./Frame.module.css";

/** The frame of the pages about speed. */
export function Frame({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useT();
  useEffect(() => {
    document.title = `${title} · Gavel`;
  }, [title]);
  return (
    <div className={css.page}>
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
