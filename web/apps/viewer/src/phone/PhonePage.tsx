import { ApiError, api, type Board, type Episode, type Stage } from "@gavel/api";
import { useChannel } from "@gavel/live";
import { cx, ErrorNote, Loading } from "@gavel/ui";
import { lazy, Suspense, useEffect, useState } from "react";
import { Boundary } from "../app/Boundary";
import { Lost } from "../app/Lost";
import { again } from "../shared/again";
import { useLoad } from "../shared/load";
import { remember } from "../shared/remember";
import { Announcer } from "./Announcer";
import { NetNote } from "./NetNote";
import css from "./PhonePage.module.css";
import { Finished, Idle } from "./Rest";
import { Duel, Locked, revealed, VotePhase } from "./Round";
import { TopBar } from "./TopBar";

const PhonePolls = lazy(() => again(() => import("../poll/PhonePolls")));
const Revealed = lazy(() => again(revealed));
const Slip = lazy(() => again(() => import("../vouch/Slip")));
const SignedIn = lazy(() => again(() => import("../vouch/SignedIn")));

interface SceneProps {
  stage: Stage;
  board: Board | null;
  serverNow: () => number;
}

function Scene({ stage, board, serverNow }: SceneProps) {
  const { phase, duel, ballot, result } = stage;
  if (phase === "duel" && duel) return <Duel duel={duel} />;
  if (phase === "vote" && duel && ballot)
    return <VotePhase key={ballot.id} {...{ episode: stage.episode.id, duel, ballot, serverNow }} />;
  if (phase === "locked" && duel && ballot) return <Locked key={ballot.id} duel={duel} ballot={ballot} />;
  if (phase === "revealed" && result) {
    const { id } = stage.episode;
    return <Revealed key={ballot?.id} episode={id} duel={duel} ballot={ballot} result={result} board={board} />;
  }
  if (phase === "finished") return <Finished episode={stage.episode.id} board={board} />;
  return <Idle stage={stage} board={board} />;
}

/** Behind the `#`, of which no server is told: a seat's printed code, or what came of signing in elsewhere. */
const carried = () => /^#(?:seat=(\w+)|signin=([\w.]+))$/.exec(location.hash) ?? [];

function Follow({ episode }: { episode: Episode }) {
  const { state: stage, status, stale, serverNow } = useChannel<Stage>(`stage:${episode.id}`);
  const { state: board } = useChannel<Board>(`board:${episode.season_id}`);
  const [[, slip, said], setCarried] = useState(carried);
  // A second slip that is scanned into the same tab changes nothing else.
  useEffect(() => {
    const read = () => setCarried(carried());
    addEventListener("hashchange", read);
    return () => removeEventListener("hashchange", read);
  }, []);
  return (
    <>
      <TopBar episode={episode} stage={stage} serverNow={serverNow} />
      <NetNote status={status} stale={stale} />
      <Boundary>
        <Suspense>
          {slip && <Slip key={slip} episode={episode.id} code={slip} />}
          {said && <SignedIn said={said} />}
          {stage && stage.polls.length > 0 && (
            <PhonePolls episode={episode.id} polls={stage.polls} serverNow={serverNow} />
          )}
        </Suspense>
      </Boundary>
      {stage ? (
        <div key={stage.phase} className={cx(css.scene, css[stage.phase])}>
          <Boundary>
            <Suspense fallback={<Loading />}>
              <Scene stage={stage} board={board} serverNow={serverNow} />
            </Suspense>
          </Boundary>
        </div>
      ) : (
        <Loading />
      )}
      {stage && <Announcer stage={stage} />}
    </>
  );
}

/** The phone in the hall: it follows the show by itself, there is nothing to press but the vote. */
export function PhonePage({ code }: { code: string }) {
  const { data, error, retry } = useLoad(code, () => api.get("/api/join/{code}", { params: { path: { code } } }));
  useEffect(() => {
    if (data) remember("last", data.code);
    document.title = data ? `${data.title} · Gavel` : "Gavel · 一锤定音";
  }, [data]);
  if (data)
    return (
      <div className={css.page}>
        <Follow episode={data} />
      </div>
    );
  if (error instanceof ApiError && error.status === 404) return <Lost code={code} />;
  return (
    <main className={css.page}>
      <Loading />
      {error !== null && <ErrorNote className={css.error} error={error} retry={retry} />}
    </main>
  );
}
