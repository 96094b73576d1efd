import type { Episode, Stage } from "@gavel/api";
import { Connection, Shell, useTitle } from "@gavel/desk";
import { useChannel } from "@gavel/live";
import { EmptyState, ErrorNote, Loading, Mark } from "@gavel/ui";
import { useT } from "../i18n";
import { BallotRound } from "../verdict/BallotRound";
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

function Scene({ stage, serverNow }: { stage: Stage; serverNow: () => number }) {
  const { phase, duel, ballot } = stage;
  if (phase === "finished") return <Over episode={stage.episode} />;
  if (duel && ballot && phase !== "idle" && phase !== "duel") {
    return <BallotRound key={ballot.id} stage={stage} duel={duel} ballot={ballot} serverNow={serverNow} />;
  }
  if (duel && phase === "duel") return <DuelRound episode={stage.episode} duel={duel} />;
  return <Waiting episode={stage.episode} />;
}

function NoShow() {
  const { t } = useT();
  useTitle(t("title"));
  return (
    <EmptyState heading="h1" icon={<Mark size={72} />} title={t("wait.none")}>
      {t("wait.none_text")}
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
