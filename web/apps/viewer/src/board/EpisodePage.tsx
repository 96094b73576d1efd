import { ApiError, api, type EpisodeBoard } from "@gavel/api";
import { EmptyState, ErrorNote, Link, Loading, Mark } from "@gavel/ui";
import { useLoad } from "../shared/load";
import { Frame } from "../speed/Frame";
import css from "./BoardPage.module.css";
import { Facts } from "./Facts";
import { useT } from "./i18n";
import { Lines } from "./Lines";
import { EpisodeScores } from "./Scores";

/** How the season stood when an episode was over; of one that is on air, how it stands. */
export default function EpisodePage({ episode }: { episode: string }) {
  const { t } = useT();
  const { data, error, retry } = useLoad(episode, () =>
    api.get("/api/leaderboard/episodes/{episode_id}", { params: { path: { episode_id: episode } } }),
  );
  const gone = error instanceof ApiError && error.status === 404;
  return (
    <Frame title={data ? t("boards.after_episode", { number: data.number }) : t("board.title")} wide>
      {gone && <EmptyState icon={<Mark size={72} />} title={t("boards.no_episode")} />}
      {!data && !gone && (error ? <ErrorNote error={error} retry={retry} /> : <Loading />)}
      {data && <Known board={data} />}
      <p className={css.links}>
        <Link to="/board">{t("boards.now")}</Link>
        <Link to="/suites">{t("boards.how")}</Link>
      </p>
    </Frame>
  );
}

function Known({ board }: { board: EpisodeBoard }) {
  const { t } = useT();
  if (board.rows.length === 0)
    return (
      <EmptyState icon={<Mark size={72} />} title={t("board.empty")}>
        {t("boards.nothing_yet", { title: board.title })}
      </EmptyState>
    );
  return (
    <div>
      <Facts of={board.title} from={t("boards.of_episode", { count: board.duels })} at={board.at} />
      <Lines rows={board.rows} under={(row) => <EpisodeScores row={row} />} />
      <p className={css.note}>{t("boards.about_episode")}</p>
      {board.snapshot_id && (
        <p className={css.links}>
          <a href={`/api/ratings/snapshots/${board.snapshot_id}`}>{t("boards.snapshot")}</a>
        </p>
      )}
    </div>
  );
}
