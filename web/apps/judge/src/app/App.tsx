import { Gate, JoinPage, Lost, Shell } from "@gavel/desk";
import { match, usePath } from "@gavel/ui";
import { ConflictsPage } from "../conflicts/ConflictsPage";
import { PracticePage } from "../practice/PracticePage";
import { ShowPage } from "../show/ShowPage";

export function App() {
  const path = usePath();
  const join = match("/join/:token", path);
  if (join?.token) return <JoinPage desk="judge" token={join.token} />;
  return (
    <Gate desk="judge">
      {path === "/" ? (
        <ShowPage />
      ) : (
        <Shell desk="judge" width="wide">
          {path === "/practice" ? <PracticePage /> : path === "/conflicts" ? <ConflictsPage /> : <Lost />}
        </Shell>
      )}
    </Gate>
  );
}
