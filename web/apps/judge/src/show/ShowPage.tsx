import type { Episode, Stage } from "@gavel/api";
import { Connection, Shell, useTitle } from "@gavel/desk";
import { useChannel } from "@gavel/live";
import { EmptyState, ErrorNote, Loading, Mark } from "@gavel/ui";
import { useT } from "../i18n";
import { Meanwhile } from "../practice/Meanwhile";
import { BallotRound } from "../verdict/BallotRound";
import { turnedStage } from "../verdict/sides";
import { useDesk } from "../verdict/useDesk";
import { Announcer } from "./Announcer";
import { DuelRound } from "./DuelRound";
import { useEpisode } from "./episode";

/** The judge's one page: it finds the show, and follows it by itself. */
export function ShowPage() {
  const { data: episode, error, refetch } = useEpisode();
  if (episode) return <Follow key={episode.id} episode={episode} />;
  return (
    <Shell desk="judge">
      {episode === null ? <NoShow /> : error ? <ErrorNote error={error} retry={() => void refetch()} /> : <Loading />}
    </Shell>
  );
}

function Follow({ episode }: { episode: Episode }) {
  const { state: stage, status, serverNow } = useChannel<Stage>(`stage:${episode.id}`);
  const refused = status === "denied" || status === "missing";
  return (
    <Shell desk="judge" width="wide" banner={<Connection status={status} />}>
      {refused ? <NoShow /> : stage ? <Scene stage={stage} serverNow={serverNow} /> : <Loading />}
      {stage && !refused && <Announcer stage={stage} />}
    </Shell>
  );
}

function Scene({ stage: told, serverNow }: { stage: Stage; serverNow: () => number }) {
  const { phase } = told;
  const duel = phase === "idle" || phase === "finished" ? null : told.duel;
  // Another judge's verdict is no news for this desk; a turn of the show or of the ballot is.
  const news = [phase, told.ballot?.id, told.ballot?.state, told.ballot?.locks_at].join();
  const desk = useDesk(duel?.id ?? null, news);
  if (phase === "finished") return <Over episode={told.episode} />;
  if (duel === null) return <Waiting episode={told.episode} />;
  if (!desk.data) return desk.error ? <ErrorNote error={desk.error} retry={() => void desk.refetch()} /> : <Loading />;
  const stage = desk.data.mirrored ? turnedStage(told) : told;
  const { ballot } = stage;
  if (stage.duel && ballot && phase !== "duel") {
    const about = { stage, duel: stage.duel, ballot, desk: desk.data, serverNow };
    return <BallotRound key={ballot.id} {...about} />;
  }
  if (stage.duel && phase === "duel") return <DuelRound episode={stage.episode} duel={stage.duel} />;
  return <Waiting episode={stage.episode} />;
}

function NoShow() {
  const { t } = useT();
  useTitle(t("title"));
  return (
    <EmptyState heading="h1" icon={<Mark size={72} />} title={t("wait.none")}>
      {t("wait.none_text")}
      <Meanwhile />
    </EmptyState>
  );
}

function Waiting({ episode }: { episode: Episode }) {
  const { t } = useT();
  useTitle(t("title"));
  return (
    <EmptyState heading="h1" icon={<Mark size={72} />} title={t("wait.title")}>
      <b>{t("show.episode", { number: episode.number, title: episode.title })}</b>
      <br />
      {t("wait.text")}
      <Meanwhile />
    </EmptyState>
  );
}

function Over({ episode }: { episode: Episode }) {
  const { t } = useT();
  useTitle(t("title"));
  return (
    <EmptyState heading="h1" icon={<Mark size={72} />} title={t("over.title")}>
      <b>{t("show.episode", { number: episode.number, title: episode.title })}</b>
      <br />
      {t("over.text")}
    </EmptyState>
  );
}
