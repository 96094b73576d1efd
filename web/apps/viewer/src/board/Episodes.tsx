import { api } from "@gavel/api";
import { Link } from "@gavel/ui";
import { useLoad } from "../shared/load";
import css from "./BoardPage.module.css";
import { useT } from "./i18n";

/** The ways to the boards of the season's episodes, as far as they have been on air. */
export function Episodes({ season }: { season: string }) {
  const { t } = useT();
  const episodes = useLoad("episodes", () => api.get("/api/episodes"));
  const shown = (episodes.data ?? []).filter(({ season_id, state }) => season_id === season && state !== "planned");
  if (shown.length === 0) return null;
  return (
    <nav className={css.links} aria-labelledby="after">
      <span id="after">{t("boards.after")}</span>
      {shown
        .sort((one, other) => one.number - other.number)
        .map(({ id, number, title }) => (
          <Link key={id} to={`/board/episode/${id}`}>
            {t("boards.episode", { number, title })}
          </Link>
        ))}
    </nav>
  );
}
