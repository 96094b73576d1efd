import type { SideName, Stage, StageBallot } from "@gavel/api";
import { Answer, Before, Countdown, cx, Mark, SideLabel } from "@gavel/ui";
import { useRef } from "react";
import { useT } from "../i18n";
import { isComing } from "../shared/coming";
import css from "./Round.module.css";
import type { StageProps } from "./StagePage";
import { Strip } from "./Strip";
import { useFit } from "./useFit";

type DuelState = NonNullable<Stage["duel"]>;

interface PodiumProps {
  side: SideName;
  duel: DuelState;
  box: React.RefObject<HTMLDivElement | null>;
  size: number;
}

/** One side: the same frame, the same type size, the same pace as the other. */
function Podium({ side, duel, box, size }: PodiumProps) {
  const { t } = useT();
  const answer = duel[side];
  const writing = duel.state === "live";
  const coming = isComing(duel);
  const waiting = coming || duel.state === "queued" || duel.state === "loading";
  return (
    <section className={cx(css.podium, css[side])} aria-label={t(`side.${side}`)}>
      <header className={css.head}>
        <SideLabel side={side} className={css.side} />
        <span>{t("duel.blind")}</span>
        {!waiting && !answer.off_air && <b className={css.tokens}>{t("duel.tokens", { count: answer.tokens })}</b>}
      </header>
      <Before duel={duel} side={side} className={css.before} />
      <div ref={box} className={css.box}>
        {waiting ? (
          <div className={css.waiting}>
            <i />
            <i />
            <i />
            {coming && <p>{t("duel.coming")}</p>}
          </div>
        ) : (
          <div style={{ fontSize: size }}>
            <Answer side={side} answer={answer} writing={writing} className={css.text} />
          </div>
        )}
      </div>
    </section>
  );
}

interface MedalProps {
  phase: Stage["phase"];
  ballot: StageBallot | null;
  serverNow: () => number;
}

/** What stands between the two: versus, the clock of the vote, the lock. */
function Medal({ phase, ballot, serverNow }: MedalProps) {
  if (phase === "vote" && ballot) {
    return (
      <div className={cx(css.medal, css.clock)}>
        <Countdown from={ballot.opens_at} until={ballot.closes_at} serverNow={serverNow} className={css.ring} />
      </div>
    );
  }
  if (phase === "locked") {
    return (
      <div className={cx(css.medal, css.lock)}>
        <svg
          aria-hidden="true"
          viewBox="0 0 40 40"
          width="84"
          height="84"
          fill="none"
          stroke="currentColor"
          strokeWidth="2.8"
        >
          <rect x="8" y="18" width="24" height="17" rx="4" />
          <path d="M13 18v-5a7 7 0 0 1 14 0v5M20 25v4" strokeLinecap="round" />
        </svg>
      </div>
    );
  }
  return (
    <div className={css.medal} aria-hidden="true">
      VS
    </div>
  );
}

function Failed({ forfeit }: Pick<DuelState, "forfeit">) {
  const { t } = useT();
  return (
    <section className={css.failed}>
      <Mark size={110} />
      <h2>{t(forfeit ? `duel.forfeit.${forfeit}` : "duel.failed")}</h2>
      <p>{t(forfeit ? "duel.forfeit_text" : "duel.failed_text")}</p>
    </section>
  );
}

/** A duel from the first light to the lock. */
export function Round({ stage, board, duel, serverNow }: StageProps & { duel: DuelState }) {
  const left = useRef<HTMLDivElement>(null);
  const right = useRef<HTMLDivElement>(null);
  const size = useFit([left, right], `${duel.id} ${duel.turn}`, duel.left.text + duel.right.text);
  return (
    <main className={cx(css.round, css[stage.phase])}>
      {duel.state === "failed" ? (
        <Failed forfeit={duel.forfeit} />
      ) : (
        <div className={css.pair}>
          <Podium side="left" duel={duel} box={left} size={size} />
          <Podium side="right" duel={duel} box={right} size={size} />
          <Medal phase={stage.phase} ballot={stage.ballot} serverNow={serverNow} />
        </div>
      )}
      {board && <Strip board={board} />}
    </main>
  );
}
