import type { Command, Desk } from "@gavel/api";
import { StateMark, useTimes } from "@gavel/desk";
import { Countdown, cx, Link, useRemaining } from "@gavel/ui";
import { type ReactNode, useEffect, useState } from "react";
import { useT } from "../i18n";
import css from "./Bar.module.css";
import { Go } from "./Go";
import type { Next } from "./next";

interface BarProps {
  desk: Desk;
  next: Next;
  seconds: number;
  busy: boolean;
  serverNow: () => number;
  onGo: (command: Command) => void;
}

/** Where the show is, what time it is, how many have voted, and GO. */
export function Bar({ desk, next, seconds, busy, serverNow, onGo }: BarProps) {
  const { t, number } = useT();
  const { episode, ballot, phase } = desk;
  const voting = phase === "vote" ? ballot : null;
  const closed = useRemaining(voting?.closes_at ?? null, serverNow) === 0;
  // Closed for the viewers, and somebody of the jury is still to come in.
  const judging = voting !== null && closed && voting.judges.submitted < voting.judges.total;
  const until = voting && (judging ? voting.locks_at : voting.closes_at);
  return (
    <section className={css.bar} aria-label={t("room.bar")}>
      <PhaseMark desk={desk} />
      <h1 className={css.title}>
        <Link to="/" className={css.back} aria-label={t("room.back")}>
          ‹
        </Link>
        <span className={css.name}>{t("room.episode", { number: episode.number, title: episode.title })}</span>
      </h1>
      <dl className={css.facts}>
        <Fact label={t("room.now")}>
          <Clock serverNow={serverNow} />
        </Fact>
        {until !== null && (
          <Fact label={t(judging ? "room.judges_left" : "room.left")} gold>
            <Left {...{ until, serverNow }} />
          </Fact>
        )}
        {ballot && (
          <Fact label={t(phase === "revealed" ? "room.counted_all" : "room.counted")}>{number(ballot.counted)}</Fact>
        )}
        {ballot && ballot.judges.total > 0 && (
          <Fact label={t("room.judges")}>
            {ballot.judges.submitted} / {ballot.judges.total}
          </Fact>
        )}
      </dl>
      <Go {...{ next, seconds, busy, serverNow, onGo }} version={desk.version} closesAt={until} />
    </section>
  );
}

/** On air from the first duel to the end, in red and in words. */
function PhaseMark({ desk: { phase, episode, duel } }: { desk: Desk }) {
  const { t } = useT();
  const air = episode.state === "live" && phase !== "finished" && phase !== "idle";
  const what = phase === "duel" && duel ? t(`duel.${duel.state}`) : t(`phase.${phase}`);
  return (
    <p className={cx(css.phase, air && css.air)} role="status">
      <StateMark tone={air ? "air" : "calm"} size={18} />
      <span>
        <b>{t(air ? "room.on_air" : "room.off_air")}</b>
        <span>{what}</span>
      </span>
    </p>
  );
}

function Fact({ label, gold = false, children }: { label: string; gold?: boolean; children: ReactNode }) {
  return (
    <div className={cx(gold && css.gold)}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** The server's time of day: the one by which votes close. */
function Clock({ serverNow }: { serverNow: () => number }) {
  const { clock } = useTimes();
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 250);
    return () => clearInterval(timer);
  }, [serverNow]);
  return <time>{clock(now)}</time>;
}

function Left({ until, serverNow }: { until: string; serverNow: () => number }) {
  const { t } = useT();
  const over = useRemaining(until, serverNow) === 0;
  return over ? t("room.closing") : <Countdown until={until} serverNow={serverNow} />;
}
