import { Gate, JoinPage, Lost, Shell } from "@gavel/desk";
import { match, usePath } from "@gavel/ui";
import { EpisodesPage } from "../episodes/EpisodesPage";
import { RoomPage } from "../room/RoomPage";

function Page({ path }: { path: string }) {
  const room = match("/episodes/:id", path);
  if (room?.id) return <RoomPage key={room.id} id={room.id} />;
  return <Shell desk="producer">{path === "/" ? <EpisodesPage /> : <Lost />}</Shell>;
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
