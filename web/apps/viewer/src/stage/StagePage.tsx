import "@gavel/ui/noto.css";
import type { Board, Stage } from "@gavel/api";
import { type Status, useChannel } from "@gavel/live";
import { cx, Mark, useSettled } from "@gavel/ui";
import { useEffect } from "react";
import { useT } from "../i18n";
import { Footer } from "./Footer";
import { Header } from "./Header";
import { Finished, Idle } from "./Interval";
import { Reveal } from "./Reveal";
import { Round } from "./Round";
import css from "./StagePage.module.css";
import { useScale } from "./useScale";

export interface StageProps {
  stage: Stage;
  board: Board | null;
  serverNow: () => number;
  /** The address that phones scan. */
  joinUrl: string;
}

function Scene(props: StageProps) {
  const { phase, duel, ballot, result } = props.stage;
  if (phase === "finished") return <Finished {...props} />;
  if (phase === "revealed" && result) return <Reveal key={ballot?.id} {...props} result={result} />;
  if (duel) return <Round {...props} duel={duel} />;
  return <Idle {...props} />;
}

function NoSignal() {
  const { t } = useT();
  return (
    <main className={css.nothing}>
      <Mark size={140} />
      <p>{t("stage.lost")}</p>
    </main>
  );
}

const LOST: Status[] = ["offline", "behind"];

/** The options that a broadcast sets in the address. */
function options() {
  const query = new URLSearchParams(location.search);
  return {
    transparent: query.get("transparent") === "1",
    /** Where phones join, when the overlay's own address is not theirs: `?join=https://show.example`. */
    origin: query.get("join")?.replace(/\/$/, "") ?? location.origin,
  };
}

/**
 * The on-air page: 1920 × 1080, scaled to any window, for a television or an OBS browser source.
 * It keeps the last picture when the line is lost and heals by itself.
 */
export default function StagePage({ episode }: { episode: string }) {
  const { t } = useT();
  const { transparent, origin } = options();
  const { state: stage, status, serverNow } = useChannel<Stage>(`stage:${episode}`);
  const { state: board } = useChannel<Board>(stage && `board:${stage.episode.season_id}`);
  const shown = useSettled(status, "live");
  const scale = useScale();
  useEffect(() => {
    document.documentElement.dataset.surface = transparent ? "transparent" : "stage";
    return () => {
      delete document.documentElement.dataset.surface;
    };
  }, [transparent]);

  return (
    <div className={cx(css.frame, transparent && css.transparent)}>
      <div className={css.stage} style={{ transform: `translate(-50%, -50%) scale(${scale})` }}>
        {!transparent && <div className={css.light} aria-hidden="true" />}
        {stage ? (
          <>
            <Header stage={stage} serverNow={serverNow} />
            <Scene stage={stage} board={board} serverNow={serverNow} joinUrl={`${origin}/s/${stage.episode.code}`} />
            <Footer stage={stage} serverNow={serverNow} joinUrl={`${origin}/s/${stage.episode.code}`} />
            {LOST.includes(shown) && <p className={css.lost}>{t("net.offline_short")}</p>}
          </>
        ) : (
          !transparent && <NoSignal />
        )}
      </div>
    </div>
  );
}
