import { PageHead, Pill } from "@gavel/desk";
import { EmptyState, ErrorNote, Link, Loading, Mark } from "@gavel/ui";
import { useEpisodes } from "../app/queries";
import css from "../episodes/Episodes.module.css";
import { useT } from "../i18n";

/** The shows a moderator can watch over, the newest first; those that have ended are left out. */
export function ModeratorHome() {
  const { t } = useT();
  const { data, error, isPending } = useEpisodes();
  const shows = data?.filter(({ state }) => state !== "finished").sort((a, b) => b.number - a.number);
  return (
    <>
      <PageHead title={t("program.home")}>{t("program.lead")}</PageHead>
      {error && <ErrorNote error={error} />}
      {isPending && !error && <Loading />}
      {shows?.length === 0 && (
        <EmptyState icon={<Mark size={56} />} title={t("program.no_shows")}>
          {t("program.no_shows_text")}
        </EmptyState>
      )}
      <ul className={css.list} aria-label={t("episodes.title")}>
        {shows?.map(({ id, number, title, state }) => (
          <li key={id}>
            <Link to={`/program/${id}`} className={css.episode}>
              <span className={css.number}>{t("episodes.number", { number })}</span>
              <b>{title}</b>
              <Pill tone={state === "live" ? "air" : "calm"}>{t(`episodes.${state}`)}</Pill>
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}
