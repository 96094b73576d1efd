import { Loading, usePath } from "@gavel/ui";
import { type ComponentType, lazy, Suspense } from "react";
import { PhonePage } from "../phone/PhonePage";
import { Boundary } from "./Boundary";
import { Lost } from "./Lost";
import { type Route, routeOf } from "./router";

/** A phone that has scanned the code never needs those that are loaded later. */
const PAGES: { [name in Route["page"]]: ComponentType<Extract<Route, { page: name }>> } = {
  join: lazy(() => import("../join/JoinPage")),
  phone: PhonePage,
  stage: lazy(() => import("../stage/StagePage")),
  race: lazy(() => import("../race/RacePage")),
  board: lazy(() => import("../board/BoardPage")),
  episode: lazy(() => import("../board/EpisodePage")),
  entry: lazy(() => import("../board/EntryPage")),
  duel: lazy(() => import("../trace/TracePage")),
  speed: lazy(() => import("../speed/SpeedPage")),
  how: lazy(() => import("../speed/HowPage")),
  flags: lazy(() => import("../check/FlagsPage")),
  suites: lazy(() => import("../suites/SuitesPage")),
  suite: lazy(() => import("../suites/SuitePage")),
  check: lazy(() => import("../check/CheckPage")),
  lost: () => <Lost />,
};

/** Another address is another page: nothing is kept from the one before. */
function Page({ path }: { path: string }) {
  const route = routeOf(path);
  const Shown = PAGES[route.page] as ComponentType<Route>;
  return <Shown key={path} {...route} />;
}

export function App() {
  return (
    <Boundary>
      <Suspense fallback={<Loading />}>
        <Page path={usePath()} />
      </Suspense>
    </Boundary>
  );
}
