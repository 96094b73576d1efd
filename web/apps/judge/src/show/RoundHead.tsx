import type { Episode, StageDuel } from "@gavel/api";
import type { ReactNode } from "react";
import { useT } from "../i18n";
import css from "./RoundHead.module.css";

interface RoundHeadProps {
  episode: Episode;
  duel: StageDuel;
  /** The state of the round and, while the vote is open, the clock. */
  children: ReactNode;
}

/** Where the show is, and the prompt both models were given. The state stays in sight while one reads. */
export function RoundHead({ episode, duel, children }: RoundHeadProps) {
  const { t } = useT();
  return (
    <>
      <div className={css.strip}>
        <p className={css.where}>
          <b>{t("show.duel", { number: duel.number })}</b>
          <span>{t("show.episode", { number: episode.number, title: episode.title })}</span>
        </p>
        <div className={css.state}>{children}</div>
      </div>
      <h1 className={css.prompt}>
        <span className={css.label}>{t("show.prompt")}</span>
        {duel.prompt}
      </h1>
    </>
  );
}
