import type { Stage, StageBallot, StageDuel } from "@gavel/api";
import { Pill, useTitle } from "@gavel/desk";
import { Countdown, Records, useRemaining } from "@gavel/ui";
import { useEffect } from "react";
import { useT } from "../i18n";
import { Result } from "../result/Result";
import resultCss from "../result/Result.module.css";
import { Answers } from "../show/Answers";
import { RoundHead } from "../show/RoundHead";
import { Closed } from "./Closed";
import { Form } from "./Form";
import { useVerdict } from "./useVerdict";

interface BallotRoundProps {
  stage: Stage;
  duel: StageDuel;
  ballot: StageBallot;
  serverNow: () => number;
}

/** A duel from the opening of its vote to the reveal. */
export function BallotRound({ stage, duel, ballot, serverNow }: BallotRoundProps) {
  const { t } = useT();
  const open = stage.phase === "vote" && ballot.state === "open";
  const verdict = useVerdict(ballot.id, open);
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
          <Clock ballot={ballot} serverNow={serverNow} />
        ) : (
          <Pill tone={revealed ? "good" : "calm"}>{t(revealed ? "result.short" : "locked.short")}</Pill>
        )}
      </RoundHead>
      {revealed && <Result result={revealed} verdict={verdict} />}
      {!open && !revealed && <Closed judges={ballot.judges} verdict={verdict} />}
      <Answers duel={duel} chosen={chosen} names={revealed} />
      {revealed && <Records duel={duel} episode={episode.id} className={resultCss.records} />}
      {open && <Form verdict={verdict} teaches={ballot.teaches !== "none"} />}
    </>
  );
}

/** Time left by the server's clock: first the viewers', then the judges'. The lock may come a moment after zero. */
function Clock({ ballot, serverNow }: { ballot: StageBallot; serverNow: () => number }) {
  const { t } = useT();
  const over = useRemaining(ballot.closes_at, serverNow) === 0;
  return (
    <>
      <Pill tone={over ? "warn" : "air"}>{t(over ? "verdict.closing" : "verdict.open_short")}</Pill>
      <Countdown until={over ? ballot.locks_at : ballot.closes_at} serverNow={serverNow} />
    </>
  );
}
