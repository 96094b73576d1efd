import { cx } from "../cx";
import { useT } from "../i18n";
import css from "./Records.module.css";

interface RecordsProps {
  /** A revealed duel. */
  duel: string;
  episode: string;
  className?: string | undefined;
}

/** How each answer came about, as files that anybody can keep and check. */
export function Records({ duel, episode, className }: RecordsProps) {
  const { t } = useT();
  return (
    <nav className={cx(css.records, className)} aria-label={t("records.title")}>
      <p>{t("records.text")}</p>
      <ul>
        <li>
          {/* Of the audience's app, wherever this stands. */}
          <a href={`/duel/${duel}`}>{t("records.trace")}</a>
        </li>
        <li>
          <a href={`/api/duels/${duel}/answers/left.json`} download>
            {t("records.left")}
          </a>
        </li>
        <li>
          <a href={`/api/duels/${duel}/answers/right.json`} download>
            {t("records.right")}
          </a>
        </li>
        <li>
          <a href={`/api/episodes/${episode}/provenance.json`} download>
            {t("records.episode")}
          </a>
        </li>
      </ul>
    </nav>
  );
}
