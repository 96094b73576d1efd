import { Gate, JoinPage, Lost, Shell, usePerson } from "@gavel/desk";
import { match, usePath } from "@gavel/ui";
import type { JSX } from "react";
import { BenchPage } from "../bench/BenchPage";
import { EpisodesPage } from "../episodes/EpisodesPage";
import { useT } from "../i18n";
import { JuryPage } from "../jury/JuryPage";
import { ModelsPage } from "../models/ModelsPage";
import { NodesPage } from "../nodes/NodesPage";
import { PreferencesPage } from "../preferences/PreferencesPage";
import { ModeratorHome } from "../program/ModeratorHome";
import { ProgramPage } from "../program/ProgramPage";
import { RoomPage } from "../room/RoomPage";
import { SeatsPage } from "../seats/SeatsPage";
import { SimilarPage } from "../similar/SimilarPage";
import { SpeedPage } from "../speed/SpeedPage";
import { TrainingPage } from "../training/TrainingPage";
import { useFlags } from "./queries";

/** Producers have the whole show in hand; a moderator has what goes on air, and nothing else. */
function Page({ path }: { path: string }) {
  const producer = usePerson().roles.includes("producer");
  const program = match("/program/:id", path);
  if (program?.id) return <ProgramPage key={program.id} id={program.id} />;
  if (producer) return <ProducerPage path={path} />;
  return <Shell desk="producer">{path === "/" ? <ModeratorHome /> : <Lost />}</Shell>;
}

function ProducerPage({ path }: { path: string }) {
  const { t } = useT();
  const open = useFlags(false).data?.length ?? 0;
  const room = match("/episodes/:id", path);
  if (room?.id) return <RoomPage key={room.id} id={room.id} />;
  const speed = match("/episodes/:id/speed", path);
  const seats = match("/episodes/:id/seats", path);
  const nav = [
    { to: "/", label: t("episodes.title") },
    {
      to: "/similar",
      label: t("similar.nav"),
      waiting: { count: open, words: t("similar.open_n", { count: open }) },
    },
    { to: "/benchmarks", label: t("bench.nav") },
    { to: "/training", label: t("training.nav") },
    { to: "/preferences", label: t("preferences.nav") },
    { to: "/jury", label: t("jury.nav") },
    { to: "/nodes", label: t("nodes.title") },
    { to: "/models", label: t("models.title") },
  ];
  const pages: Record<string, () => JSX.Element> = {
    "/": EpisodesPage,
    "/similar": SimilarPage,
    "/benchmarks": BenchPage,
    "/training": TrainingPage,
    "/preferences": PreferencesPage,
    "/jury": JuryPage,
    "/nodes": NodesPage,
    "/models": ModelsPage,
  };
  const Shown = pages[path] ?? Lost;
  return (
    <Shell desk="producer" nav={nav}>
      {speed?.id && <SpeedPage key={speed.id} id={speed.id} />}
      {seats?.id && <SeatsPage key={seats.id} id={seats.id} />}
      {!speed?.id && !seats?.id && <Shown />}
    </Shell>
  );
}

export function App() {
  const path = usePath();
  const join = match("/join/:token", path);
  if (join?.token) return <JoinPage desk="producer" token={join.token} />;
  return (
    <Gate desk="producer" also="moderator">
      <Page path={path} />
    </Gate>
  );
}
