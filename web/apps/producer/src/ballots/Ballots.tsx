import type { Desk, DeskBallot } from "@gavel/api";
import { SmallButton, StateMark, type Tone, useTimes } from "@gavel/desk";
import { Card, Countdown, ErrorNote } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Ballots.module.css";
import { Flags } from "./Flags";
import { LevelCount } from "./LevelCount";
import { Prepare } from "./Prepare";
import { type Does, useSteps } from "./useSteps";
import { VoidBallot } from "./VoidBallot";

const TONES: Record<DeskBallot["state"], Tone> = {
  draft: "calm",
  armed: "warn",
  open: "air",
  closing: "air",
  closed: "busy",
  counting: "busy",
  certified: "good",
  published: "good",
  void: "bad",
};
const TAKES_VOTES = ["open", "closing"];

/** All votes of the episode: what is prepared, armed, open, counted, out. Beside the duel's, which GO moves on. */
export function Ballots({ desk, serverNow }: { desk: Desk; serverNow: () => number }) {
  const { t } = useT();
  const [preparing, setPreparing] = useState(false);
  // What is over stays in the log and in the evidence; here is what there is to do, and what came last.
  const shown = desk.ballots.filter((one, index) => !isOver(one) || index >= desk.ballots.length - 3).reverse();
  return (
    <Card className={css.card} aria-label={t("ballots.title")}>
      <h2>{t("ballots.title")}</h2>
      {shown.length === 0 && <p className={css.mute}>{t("ballots.none")}</p>}
      <ul className={css.list}>
        {shown.map((ballot) => (
          <li key={ballot.id}>
            <One desk={desk} ballot={ballot} serverNow={serverNow} />
          </li>
        ))}
      </ul>
      {desk.phase !== "finished" && (
        <SmallButton wide onClick={() => setPreparing(true)}>
          {t("ballots.prepare")}
        </SmallButton>
      )}
      {preparing && <Prepare episode={desk.episode.id} onClose={() => setPreparing(false)} />}
    </Card>
  );
}

/** So much later than the hall the last channel votes. */
const graceOf = ({ config }: DeskBallot) => Math.max(...config.channels.map((one) => one.delay_seconds));
const isOver = ({ state }: DeskBallot) => state === "published" || state === "void";
/** Not once its result is known here: a duel's is known to nobody before the reveal. */
function mayBeVoid({ phase, ballot: onStage }: Desk, ballot: DeskBallot) {
  if (phase === "finished") return false;
  // A newer release made the open vote void, and the show waits to be told.
  if (ballot.state === "void") return ballot.kind === "duel" && phase === "vote" && onStage === null;
  return !isOver(ballot) && (ballot.kind === "duel" || ballot.state !== "certified");
}

interface OneProps {
  /** Null for whoever moves nothing on: a moderator agrees to what takes two. */
  desk: Desk | null;
  ballot: DeskBallot;
  serverNow: () => number;
}

export function One({ desk, ballot, serverNow }: OneProps) {
  const { t, number, language } = useT();
  const { clock } = useTimes();
  const { state, kind, config, digest } = ballot;
  const question =
    language === "zh" ? config.question_zh || config.question_en : config.question_en || config.question_zh;
  const open = TAKES_VOTES.includes(state);
  return (
    <>
      <p className={css.head}>
        <StateMark tone={ballot.alarm ? "bad" : TONES[state]} />
        <b>{t(`ballots.kind.${kind}`)}</b>
        {ballot.opens_at && <time dateTime={ballot.opens_at}>{clock(ballot.opens_at)}</time>}
        <span>{t(`ballots.state.${state}`)}</span>
      </p>
      {question && <p className={css.question}>{question}</p>}
      {digest && (
        <small className={css.digest}>
          {t("ballots.digest")} <code>{digest.slice(0, 16)}</code>
        </small>
      )}
      {open && ballot.closes_at && (
        <p className={css.clock}>
          <Countdown until={ballot.closes_at} serverNow={serverNow} />
          {graceOf(ballot) > 0 && <small>{t("ballots.grace", { seconds: graceOf(ballot) })}</small>}
        </p>
      )}
      {ballot.opens_at && state !== "void" && (
        <p>{t("ballots.counted", { count: ballot.voters, votes: number(ballot.voters) })}</p>
      )}
      {kind === "surprise" && config.threshold && (
        <p className={ballot.triggered_at ? css.hot : css.mute} role={ballot.triggered_at ? "alert" : undefined}>
          {t(ballot.triggered_at ? "ballots.triggered" : "ballots.waits", {
            threshold: config.threshold,
            seconds: config.window_seconds ?? 0,
          })}
        </p>
      )}
      {ballot.count && <Count ballot={ballot} />}
      {state === "published" && (
        <a className={css.page} href={`/check/${ballot.id}`} target="_blank" rel="noreferrer">
          {t("ballots.page")}
        </a>
      )}
      {ballot.reason && <p className={css.mute}>{t("ballots.because", { reason: ballot.reason })}</p>}
      {ballot.alarm?.differs !== undefined && <Alarm alarm={ballot.alarm} />}
      {ballot.alarm?.flagged !== undefined && <Flags ballot={ballot} />}
      <Steps desk={desk} ballot={ballot} serverNow={serverNow} />
    </>
  );
}

/** The signed count; flagged votes stand beside and decide nothing. */
function Count({ ballot: { config, count } }: { ballot: DeskBallot }) {
  const { t, find, number, language } = useT();
  if (!count) return null;
  const flagged = Object.values(count.flagged).reduce((sum, one) => sum + one, 0);
  return (
    <>
      <dl className={css.count}>
        {config.options.map(({ id, zh, en }) => (
          <div key={id}>
            <dt>{(language === "zh" ? zh || en : en || zh) || find(`ballots.option.${id}`) || id}</dt>
            <dd>{number(count.counted[id] ?? 0)}</dd>
          </div>
        ))}
        {flagged > 0 && (
          <div className={css.mute}>
            <dt>{t("ballots.flagged")}</dt>
            <dd>{number(flagged)}</dd>
          </div>
        )}
      </dl>
      <LevelCount count={count} />
    </>
  );
}

interface Difference {
  what: string;
  shard?: number;
  seq?: number;
  written: string;
  counted: string;
}

/** The two counts are not equal: what differs, for whoever has to find out why. */
function Alarm({ alarm }: { alarm: Record<string, unknown> }) {
  const { t, find } = useT();
  const differs = alarm.differs as Difference[];
  return (
    <div className={css.alarm} role="alert">
      <p>{t("ballots.alarm")}</p>
      <ul>
        {differs.slice(0, 5).map((one) => (
          <li key={JSON.stringify(one)}>
            {find(`ballots.differs.${one.what}`) ?? one.what}
            {one.seq !== undefined && ` #${one.seq}`}: <code>{one.written.slice(0, 40)}</code> ≠{" "}
            <code>{one.counted.slice(0, 40)}</code>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Steps({ desk, ballot, serverNow }: OneProps) {
  const { t } = useT();
  const [voiding, setVoiding] = useState(false);
  const { step, busy, error } = useSteps(ballot.id);
  const { state, kind } = ballot;
  const own = desk !== null && kind !== "duel";
  const open = TAKES_VOTES.includes(state);
  const ends = Date.parse(ballot.closes_at ?? "") + graceOf(ballot) * 1000;
  const early = open && serverNow() < ends;
  return (
    <>
      <div className={css.steps}>
        {own && state === "draft" && <Step does="arm" {...{ step, busy }} />}
        {own && state === "armed" && <Step does="open" {...{ step, busy }} />}
        {own && open && <Step does="close" {...{ step, busy }} />}
        {early && <Step does="shorten" {...{ step, busy }} />}
        {desk && state === "counting" && <Step does="close" again {...{ step, busy }} />}
        {own && state === "certified" && <Step does="publish" {...{ step, busy }} />}
        {desk && mayBeVoid(desk, ballot) && (
          <SmallButton tone="danger" onClick={() => setVoiding(true)}>
            {t("ballots.void")}
          </SmallButton>
        )}
      </div>
      {early && (
        <small className={css.mute}>
          {ballot.agreed ? t("ballots.agreed", { name: ballot.agreed }) : t("ballots.needs_two")}
        </small>
      )}
      {error && <ErrorNote error={error} />}
      {voiding && <VoidBallot ballot={ballot} onClose={() => setVoiding(false)} />}
    </>
  );
}

interface StepProps {
  does: Does;
  again?: boolean;
  step: (does: Does) => void;
  busy: boolean;
}

function Step({ does, again = false, step, busy }: StepProps) {
  const { t } = useT();
  return (
    <SmallButton disabled={busy} onClick={() => step(does)}>
      {t(again ? "ballots.step.count_again" : `ballots.step.${does}`)}
    </SmallButton>
  );
}
