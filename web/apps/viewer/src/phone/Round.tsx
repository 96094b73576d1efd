import type { Stage, StageBallot } from "@gavel/api";
import { AiLabel, Answer, cx, EarlierTurns, Mark, SideCard, SideLabel, useRemaining, useTurn } from "@gavel/ui";
import { lazy, Suspense, useEffect } from "react";
import { Boundary } from "../app/Boundary";
import { useT } from "../i18n";
import { again } from "../shared/again";
import { isComing } from "../shared/coming";
import { fingerprint } from "../shared/fingerprint";
import { useKeeping } from "./kept";
import css from "./Round.module.css";
import { useVote } from "./useVote";
import { VoteDock } from "./VoteDock";
import { asked } from "./vote";

const Vouch = lazy(() => again(() => import("../vouch/Vouch")));

export const revealed = () => import("./Revealed");

export type DuelState = NonNullable<Stage["duel"]>;

export const SIDES = ["left", "right"] as const;

function Answers({ duel }: { duel: DuelState }) {
  const { t } = useT();
  const writing = duel.state === "live";
  return (
    <div className={css.answers}>
      {SIDES.map((side) => (
        <SideCard key={side} side={side} className={css.card} aside={<AiLabel />}>
          <Answer side={side} answer={duel[side]} writing={writing} className={css.text} />
          {!duel[side].off_air && (
            <p className={css.meter}>
              {t("duel.tokens", { count: duel[side].tokens })}
              {duel[side].finished ? ` · ${t("duel.done")}` : writing ? ` · ${t("duel.writing")}` : ""}
            </p>
          )}
        </SideCard>
      ))}
    </div>
  );
}

/** What is asked now, after what was asked and said before; a debate's one topic stands above all. */
export function Prompt({ duel, reading = true }: { duel: DuelState; reading?: boolean }) {
  const turn = useTurn(duel);
  return (
    <>
      {turn && <p className={css.turn}>{turn}</p>}
      {duel.kind === "follow_up" && <EarlierTurns duel={duel} open={reading} />}
      <h1 className={css.prompt}>{duel.asked}</h1>
      {duel.kind === "debate" && <EarlierTurns duel={duel} open={reading} />}
    </>
  );
}

/** The models take their places: two empty cards that breathe. */
function Preparing({ words }: { words: string }) {
  return (
    <>
      <p className={css.lead} role="status">
        {words}
      </p>
      <div className={css.answers} aria-hidden="true">
        {SIDES.map((side) => (
          <div key={side} className={cx(css.ghost, css[side])}>
            <SideLabel side={side} />
            <i />
            <i />
            <i />
          </div>
        ))}
      </div>
    </>
  );
}

export function Duel({ duel }: { duel: DuelState }) {
  const { t } = useT();
  const coming = isComing(duel);
  const waiting = coming || duel.state === "queued" || duel.state === "loading";
  return (
    <main className={css.round}>
      <Prompt duel={duel} reading={false} />
      {waiting && <Preparing words={t(coming ? "duel.coming" : "duel.preparing")} />}
      {duel.state === "failed" && (
        <div className={css.failed} role="status">
          <Mark size={64} />
          <b>{t(duel.forfeit ? `duel.forfeit.${duel.forfeit}` : "duel.failed")}</b>
          <p>{t(duel.forfeit ? "duel.forfeit_text" : "duel.failed_text")}</p>
        </div>
      )}
      {!waiting && duel.state !== "failed" && (
        <>
          <Answers duel={duel} />
          <p className={css.lead}>
            {t("duel.blind")} · {t("duel.pace")}
          </p>
        </>
      )}
    </main>
  );
}

const isOpen = ({ state }: StageBallot) => state === "open" || state === "closing";
/** Milliseconds by which the last channel votes later. Which one this phone is, its token says, and the portal. */
const latest = ({ delays }: StageBallot) => Math.max(0, ...Object.values(delays)) * 1000;

interface VotePhaseProps {
  episode: string;
  duel: DuelState;
  ballot: StageBallot;
  serverNow: () => number;
}

export function VotePhase({ episode, duel, ballot, serverNow }: VotePhaseProps) {
  const open = () => isOpen(ballot) && serverNow() < Date.parse(ballot.closes_at) + latest(ballot);
  const { vote, cast } = useVote(ballot.id, open);
  useKeeping(ballot, vote);
  const remaining = useRemaining(ballot.closes_at, serverNow);
  return (
    <>
      <main className={css.round}>
        <Prompt duel={duel} />
        <Answers duel={duel} />
      </main>
      <VoteDock
        vote={vote}
        cast={cast}
        open={isOpen(ballot) && (remaining > 0 || latest(ballot) > 0)}
        counted={ballot.counted}
        teaches={ballot.teaches === "verdicts+votes"}
      />
      {vote.step === "refused" && asked(vote) > 0 && (
        <Boundary>
          <Suspense>
            <Vouch episode={episode} needed={asked(vote)} onDone={() => cast(vote.choice)} />
          </Suspense>
        </Boundary>
      )}
    </>
  );
}

export function Locked({ duel, ballot }: { duel: DuelState; ballot: StageBallot }) {
  const { t, number } = useT();
  const { vote } = useVote(ballot.id, () => false);
  useKeeping(ballot, vote);
  // In a moment the whole hall needs it: now there is time.
  useEffect(() => void again(revealed).catch(() => {}), []);
  return (
    <main className={css.round}>
      <section className={css.seal}>
        <svg
          viewBox="0 0 40 40"
          width="56"
          height="56"
          aria-hidden="true"
          fill="none"
          stroke="var(--gold)"
          strokeWidth="2.6"
        >
          <rect x="8" y="18" width="24" height="17" rx="4" />
          <path d="M13 18v-5a7 7 0 0 1 14 0v5M20 25v4" strokeLinecap="round" />
        </svg>
        <h1>{t("locked.title")}</h1>
        <p>
          {t("vote.counted_total", { count: ballot.counted, votes: number(ballot.counted) })} · {t("locked.text")}
        </p>
        {ballot.judges.total > 0 && <p>{t("locked.judges", ballot.judges)}</p>}
        {ballot.root && (
          <p className={css.root}>
            {t("locked.root")} <code>{fingerprint(ballot.root)}</code>
          </p>
        )}
      </section>
      <MyVoteNote vote={vote} />
      <Prompt duel={duel} />
      <Answers duel={duel} />
    </main>
  );
}

/** After the window: what became of this device's vote. */
export function MyVoteNote({ vote }: { vote: ReturnType<typeof useVote>["vote"] }) {
  const { t, number, errorText } = useT();
  if (vote.step === "asking") return null;
  if (vote.step === "counted") {
    return (
      <p className={css.mine} role="status">
        <span className={css.good}>✓ {t("vote.counted")}</span> ·{" "}
        {t("vote.receipt", { seq: number(vote.receipt.seq + 1) })}
        <br />
        {t("vote.yours", { choice: t(`choice.${vote.choice as "left"}`) })}
      </p>
    );
  }
  if (vote.step === "ready") return <p className={css.mine}>{t("vote.missed")}</p>;
  if (vote.step === "unknown") {
    return (
      <p className={css.mine} role="alert">
        {errorText(vote.error)}
      </p>
    );
  }
  return (
    <p className={css.mine} role="alert">
      <span className={css.bad}>{vote.step === "refused" ? t("vote.not_counted") : t("vote.sending")}</span>
      <br />
      {vote.step === "refused" ? errorText(vote.error) : t("vote.unsure")}
    </p>
  );
}
