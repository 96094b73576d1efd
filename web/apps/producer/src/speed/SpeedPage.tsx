import { PageHead } from "@gavel/desk";
import { Card, EmptyState, ErrorNote, Link, Loading } from "@gavel/ui";
import { useEpisodes, useSpeedRuns } from "../app/queries";
import { useT } from "../i18n";
import { RunCard } from "./RunCard";
import css from "./Speed.module.css";
import { Start } from "./Start";

/** The measurements of an episode: start one, see how far it is, release what came of it. */
export function SpeedPage({ id }: { id: string }) {
  const { t } = useT();
  const runs = useSpeedRuns(id);
  const episode = useEpisodes().data?.find((one) => one.id === id);
  const name = episode && t("room.episode", { number: episode.number, title: episode.title });
  return (
    <>
      <PageHead title={t("speed.title")} kicker={name} actions={<Link to={`/episodes/${id}`}>{t("speed.room")}</Link>}>
        {t("speed.lead")}
      </PageHead>
      <Card className={css.card}>
        <h2>{t("speed.new")}</h2>
        <Start episode={id} />
      </Card>
      {runs.error && <ErrorNote error={runs.error} />}
      {runs.isPending && !runs.error && <Loading />}
      {runs.data?.length === 0 && <EmptyState title={t("speed.empty")}>{t("speed.empty_text")}</EmptyState>}
      {runs.data && runs.data.length > 0 && (
        <ul className={css.list} aria-label={t("speed.list")}>
          {runs.data.map((run) => (
            <li key={run.id}>
              <RunCard run={run} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
