import type { Episode } from "@gavel/api";
import { PageHead, Pill, type Tone } from "@gavel/desk";
import { Card, EmptyState, ErrorNote, Link, Loading, Mark } from "@gavel/ui";
import { useEpisodes, useSeason } from "../app/queries";
import { useT } from "../i18n";
import { BoardCard } from "./BoardCard";
import css from "./Episodes.module.css";
import { Invite } from "./Invite";
import { NewEpisode } from "./NewEpisode";

const TONES: Record<Episode["state"], Tone> = { planned: "calm", live: "air", finished: "good" };

export function EpisodesPage() {
  const { t } = useT();
  const season = useSeason();
  const { data: episodes, error, isPending } = useEpisodes();
  return (
    <>
      <PageHead title={t("episodes.title")} kicker={season.data?.name}>
        {t("episodes.lead")}
      </PageHead>
      <div className={css.columns}>
        <div className={css.stack}>
          <Card>
            <h2 className={css.heading}>{t("episodes.new")}</h2>
            <NewEpisode />
          </Card>
          {error && <ErrorNote error={error} />}
          {isPending && !error && <Loading />}
          {episodes?.length === 0 && (
            <EmptyState icon={<Mark size={56} />} title={t("episodes.empty")}>
              {t("episodes.empty_text")}
            </EmptyState>
          )}
          {episodes && episodes.length > 0 && <List episodes={episodes} />}
        </div>
        <aside className={css.stack}>
          <Invite />
          <BoardCard />
        </aside>
      </div>
    </>
  );
}

/** The newest episode first: it is the one being prepared. */
function List({ episodes }: { episodes: Episode[] }) {
  const { t } = useT();
  const sorted = [...episodes].sort((a, b) => b.number - a.number);
  return (
    <ul className={css.list} aria-label={t("episodes.title")}>
      {sorted.map(({ id, number, title, code, state }) => (
        <li key={id}>
          <Link to={`/episodes/${id}`} className={css.episode}>
            <span className={css.number}>{t("episodes.number", { number })}</span>
            <b>{title}</b>
            <span>
              <span className="hidden">{t("join_code.title")} </span>
              <code>{code}</code>
            </span>
            <Pill tone={TONES[state]}>{t(`episodes.${state}`)}</Pill>
          </Link>
          {state !== "planned" && (
            <a className={css.out} href={`/board/episode/${id}`} target="_blank" rel="noreferrer">
              {t("episodes.board")}
              <span className="hidden"> {title}</span>
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}
