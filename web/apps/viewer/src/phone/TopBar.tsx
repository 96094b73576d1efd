import type { Episode, Stage } from "@gavel/api";
import { Countdown, Mark, OtherLanguage } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./TopBar.module.css";

interface TopBarProps {
  episode: Episode;
  stage: Stage | null;
  serverNow: () => number;
}

/** Where we are, the clock when it matters, and the other language. */
export function TopBar({ episode, stage, serverNow }: TopBarProps) {
  const { t } = useT();
  const over = stage?.phase === "finished";
  const ballot = stage?.phase === "vote" ? stage.ballot : null;
  const place = stage?.duel && !over ? t("show.duel", { number: stage.duel.number }) : episode.title;
  return (
    <header className={css.bar}>
      <Mark size={30} />
      <p className={css.where}>
        <b>{place}</b>
        <span className={css.kicker}>
          {!over && <i className={css.dot} aria-hidden="true" />}
          {over ? t("show.over") : t("show.live")} · {t("show.episode", { number: episode.number })}
        </span>
      </p>
      {ballot && (
        <Countdown className={css.clock} from={ballot.opens_at} until={ballot.closes_at} serverNow={serverNow} />
      )}
      <OtherLanguage className={css.language} />
    </header>
  );
}
