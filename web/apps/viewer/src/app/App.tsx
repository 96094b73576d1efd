import { Loading, usePath } from "@gavel/ui";
import { lazy, Suspense } from "react";
import { JoinPage } from "../join/JoinPage";
import { PhonePage } from "../phone/PhonePage";
import { Boundary } from "./Boundary";
import { Lost } from "./Lost";
import { type Route, routeOf } from "./router";

// A phone in the hall never needs these.
const StagePage = lazy(() => import("../stage/StagePage"));
const RacePage = lazy(() => import("../race/RacePage"));
const BoardPage = lazy(() => import("../board/BoardPage"));
const TracePage = lazy(() => import("../trace/TracePage"));
const SpeedPage = lazy(() => import("../speed/SpeedPage"));
const HowPage = lazy(() => import("../speed/HowPage"));
const SuitesPage = lazy(() => import("../suites/SuitesPage"));
const SuitePage = lazy(() => import("../suites/SuitePage"));

function Page({ route }: { route: Route }) {
  if (route.page === "join") return <JoinPage />;
  if (route.page === "phone") return <PhonePage key={route.code} code={route.code} />;
  if (route.page === "stage") return <StagePage key={route.episode} episode={route.episode} />;
  if (route.page === "race") return <RacePage key={route.race} race={route.race} />;
  if (route.page === "board") return <BoardPage season={route.season} />;
  if (route.page === "duel") return <TracePage key={route.duel} duel={route.duel} />;
  if (route.page === "speed") return <SpeedPage key={route.run} run={route.run} />;
  if (route.page === "how") return <HowPage />;
  if (route.page === "suites") return <SuitesPage />;
  if (route.page === "suite") return <SuitePage key={route.suite} suite={route.suite} />;
  return <Lost />;
}

export function App() {
  return (
    <Boundary>
      <Suspense fallback={<Loading />}>
        <Page route={routeOf(usePath())} />
      </Suspense>
    </Boundary>
  );
}
