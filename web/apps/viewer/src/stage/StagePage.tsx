import type { Board, Stage } from "@gavel/api";
import { type Status, useChannel } from "@gavel/live";
import { useSettled } from "@gavel/ui";
import { lazy, type ReactNode, Suspense } from "react";
import { useT } from "../i18n";
import { Footer } from "./Footer";
import { Frame } from "./Frame";
import { Header } from "./Header";
import { Finished, Idle } from "./Interval";
import { Reveal } from "./Reveal";
import { Round } from "./Round";

const StagePolls = lazy(() => import("../poll/StagePolls"));

export interface StageProps {
  stage: Stage;
  board: Board | null;
  serverNow: () => number;
  /** The address that phones scan. */
  joinUrl: string;
  /** What the hall is asked beside the show; null while nothing is. */
  polls: ReactNode;
}

/** No duel is on stage: polls have a place of their own, and lie over nothing. */
const hasRoom = (phase: Stage["phase"]) => phase === "idle" || phase === "finished";

function Scene(props: StageProps) {
  const { phase, duel, ballot, result } = props.stage;
  if (phase === "finished") return <Finished {...props} />;
  if (phase === "revealed" && result) return <Reveal key={ballot?.id} {...props} result={result} />;
  if (duel) return <Round {...props} duel={duel} />;
  return <Idle {...props} />;
}

const LOST: Status[] = ["offline", "behind"];

/** The options that a broadcast sets in the address. */
function options() {
  const query = new URLSearchParams(location.search);
  return {
    transparent: query.get("transparent") === "1",
    /** Where phones join, when the overlay's own address is not theirs: `?join=https://show.example`. */
    origin: query.get("join")?.replace(/\/$/, "") ?? location.origin,
    /** `?c=`: the channel that this picture goes out on; phones that scan it vote when it does. */
    channel: query.has("c") ? `?c=${query.get("c")}` : "",
  };
}

/**
 * The on-air page: 1920 × 1080, scaled to any window, for a television or an OBS browser source.
 * It keeps the last picture when the line is lost and heals by itself.
 */
export default function StagePage({ episode }: { episode: string }) {
  const { t } = useT();
  const { transparent, origin, channel } = options();
  const { state: stage, status, serverNow } = useChannel<Stage>(`stage:${episode}`);
  const { state: board } = useChannel<Board>(stage && `board:${stage.episode.season_id}`);
  const shown = useSettled(status, "live");
  const polls =
    stage && stage.polls.length > 0 ? (
      <Suspense>
        <StagePolls
          polls={stage.polls}
          serverNow={serverNow}
          over={!hasRoom(stage.phase)}
          board={stage.phase === "revealed"}
        />
      </Suspense>
    ) : null;
  const props = stage && { stage, board, serverNow, joinUrl: `${origin}/s/${stage.episode.code}${channel}`, polls };
  return (
    <Frame
      transparent={transparent}
      waiting={t("stage.lost")}
      lost={LOST.includes(shown) ? t("net.offline_short") : null}
    >
      {props && (
        <>
          <Header stage={props.stage} serverNow={serverNow} />
          <Scene {...props} />
          {!hasRoom(props.stage.phase) && polls}
          <Footer {...props} />
        </>
      )}
    </Frame>
  );
}
