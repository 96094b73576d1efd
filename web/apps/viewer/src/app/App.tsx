import { Button, EmptyState, Loading, Mark } from "@gavel/ui";
import { lazy, Suspense } from "react";
import { useT } from "../i18n";
import { JoinPage } from "../join/JoinPage";
import { PhonePage } from "../phone/PhonePage";
import { Boundary } from "./Boundary";
import { match, navigate, type Route, usePath } from "./router";

// A phone never needs these two.
const StagePage = lazy(() => import("../stage/StagePage"));
const BoardPage = lazy(() => import("../board/BoardPage"));

function Lost() {
  const { t } = useT();
  return (
    <main>
      <EmptyState
        icon={<Mark size={72} />}
        title={t("lost.title")}
        action={<Button onClick={() => navigate("/")}>{t("lost.home")}</Button>}
      >
        {t("lost.text")}
      </EmptyState>
    </main>
  );
}

function Page({ route }: { route: Route }) {
  if (route.page === "join") return <JoinPage />;
  if (route.page === "phone") return <PhonePage key={route.code} code={route.code} />;
  if (route.page === "stage") return <StagePage key={route.episode} episode={route.episode} />;
  if (route.page === "board") return <BoardPage season={route.season} />;
  return <Lost />;
}

export function App() {
  return (
    <Boundary>
      <Suspense fallback={<Loading />}>
        <Page route={match(usePath())} />
      </Suspense>
    </Boundary>
  );
}
