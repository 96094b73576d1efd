import type { JudgeDesk, Stage, StageBallot, StageDuel } from "@gavel/api";
import { Pill, useTitle } from "@gavel/desk";
import { Countdown, Records, useRemaining } from "@gavel/ui";
import { useEffect } from "react";
import { useT } from "../i18n";
import { Result } from "../result/Result";
import resultCss from "../result/Result.module.css";
import { Answers } from "../show/Answers";
import { RoundHead } from "../show/RoundHead";
import { Closed } from "./Closed";
import { Aside } from "./Excuses";
import { Form } from "./Form";
import { Notices } from "./Notices";
import { useVerdict } from "./useVerdict";

interface BallotRoundProps {
  stage: Stage;
  duel: StageDuel;
  ballot: StageBallot;
  desk: JudgeDesk;
  serverNow: () => number;
}

/** A duel from the opening of its vote to the reveal. */
export function BallotRound({ stage, duel, ballot, desk, serverNow }: BallotRoundProps) {
  const { t } = useT();
  // The hall's vote may be over on its channel (`closing`) while the judges have their time.
  const open = stage.phase === "vote" && (ballot.state === "open" || ballot.state === "closing");
  const verdict = useVerdict(ballot.id, open, desk);
  const aside = desk.barred !== null || desk.excusal !== null;
  const { episode, result } = stage;
  const revealed = stage.phase === "revealed" ? result : null;
  useTitle(t(open ? "verdict.open" : revealed ? "result.title" : "locked.title"));
  // What the lock and the reveal bring stands at the top; on a phone the judge is still down at the buttons.
  // biome-ignore lint/correctness/useExhaustiveDependencies: at each turn of the show
  useEffect(() => {
    // In braces: newer browsers return a promise here, which React would take for a clean-up.
    window.scrollTo(0, 0);
  }, [stage.phase]);
  const choice = open ? verdict.draft.choice : verdict.saved?.choice;
  const chosen = choice === "left" || choice === "right" ? choice : null;
  return (
    <>
      <RoundHead episode={episode} duel={duel}>
        {open ? (
          <Clock
            ballot={ballot}
            desk={desk}
            done={aside || (verdict.saved !== null && !verdict.confirms)}
            serverNow={serverNow}
          />
        ) : (
          <Pill tone={revealed ? "good" : "calm"}>{t(revealed ? "result.short" : "locked.short")}</Pill>
        )}
      </RoundHead>
      <Notices desk={desk} open={open && !aside} />
      {revealed && <Result result={revealed} verdict={verdict} />}
      {!open && !revealed && <Closed judges={ballot.judges} verdict={verdict} />}
      {open && !aside ? (
        <Form verdict={verdict} desk={desk} teaches={ballot.teaches !== "none"}>
          <Answers duel={duel} chosen={chosen} />
        </Form>
      ) : (
        <Answers duel={duel} chosen={chosen} names={revealed} />
      )}
      {open && aside && <Aside desk={desk} open={open} />}
      {revealed && <Records duel={duel} episode={episode.id} mirrored={desk.mirrored} className={resultCss.records} />}
    </>
  );
}

interface ClockProps {
  ballot: StageBallot;
  desk: JudgeDesk;
  /** This judge has said what there is to say. */
  done: boolean;
  serverNow: () => number;
}

/** The judges' own time by the server's clock, and a word when it runs out. The lock comes earlier when all are in. */
function Clock({ ballot, desk, done, serverNow }: ClockProps) {
  const { t } = useT();
  const crowd = useRemaining(ballot.closes_at, serverNow);
  const left = useRemaining(ballot.locks_at, serverNow);
  const short = !done && left <= desk.warn_seconds * 1000;
  const words = short
    ? "verdict.hurry"
    : desk.second_look
      ? "second.short"
      : crowd
        ? "verdict.open_short"
        : "verdict.closing";
  return (
    <>
      <small>{t("desk.progress", { judged: desk.judged, duels: desk.duels })}</small>
      <span role="status">
        <Pill tone={short || crowd === 0 ? "warn" : "air"}>{t(words)}</Pill>
      </span>
      <Countdown until={ballot.locks_at} serverNow={serverNow} />
    </>
  );
}
