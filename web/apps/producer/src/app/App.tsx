import { Gate, JoinPage, Lost, Shell } from "@gavel/desk";
import { match, usePath } from "@gavel/ui";
import type { JSX } from "react";
import { EpisodesPage } from "../episodes/EpisodesPage";
import { useT } from "../i18n";
import { NodesPage } from "../nodes/NodesPage";
import { RoomPage } from "../room/RoomPage";
import { SimilarPage } from "../similar/SimilarPage";
import { useFlags } from "./queries";

function Page({ path }: { path: string }) {
  const { t } = useT();
  const open = useFlags(false).data?.length ?? 0;
  const room = match("/episodes/:id", path);
  if (room?.id) return <RoomPage key={room.id} id={room.id} />;
  const nav = [
    { to: "/", label: t("episodes.title") },
    {
      to: "/similar",
      label: t("similar.nav"),
      waiting: { count: open, words: t("similar.open_n", { count: open }) },
    },
    { to: "/nodes", label: t("nodes.title") },
  ];
  const pages: Record<string, () => JSX.Element> = { "/": EpisodesPage, "/similar": SimilarPage, "/nodes": NodesPage };
  const Shown = pages[path] ?? Lost;
  return (
    <Shell desk="producer" nav={nav}>
      <Shown />
    </Shell>
  );
}

export function App() {
  const path = usePath();
  const join = match("/join/:token", path);
  if (join?.token) return <JoinPage desk="producer" token={join.token} />;
  return (
    <Gate desk="producer">
      <Page path={path} />
    </Gate>
  );
}
