import type { Board, StageBallot, StageResult } from "@gavel/api";
import { AiLabel, Answer, Link, Records, SideCard, SideLabel, useEntryName } from "@gavel/ui";
import { Levels } from "@gavel/ui/levels";
import { useT } from "../i18n";
import { Margin } from "../shared/Margin";
import { Verdict } from "../shared/Verdict";
import { useT as useLevelsT } from "../vouch/i18n";
import { BoardCard } from "./Rest";
import { type DuelState, MyVoteNote, Prompt, SIDES } from "./Round";
import css from "./Round.module.css";
import { useVote } from "./useVote";

interface RevealedProps {
  episode: string;
  duel: DuelState | null;
  ballot: StageBallot | null;
  result: StageResult;
  board: Board | null;
}

function Winner({ result }: { result: StageResult }) {
  const { t } = useT();
  const nameOf = useEntryName();
  if (result.winner === "tie") {
    return (
      <>
        <p className={css.kicker}>{t("result.draw")}</p>
        <h1 className={css.pair}>
          <span>{nameOf(result.left)}</span>
          <span>{nameOf(result.right)}</span>
        </h1>
      </>
    );
  }
  return (
    <>
      <p className={css.kicker}>
        {t("result.winner")} <SideLabel side={result.winner} />
      </p>
      <h1 className={css.winner}>{nameOf(result[result.winner])}</h1>
    </>
  );
}

export default function Revealed({ episode, duel, ballot, result, board }: RevealedProps) {
  const { t } = useT();
  const { t: words } = useLevelsT();
  const nameOf = useEntryName();
  return (
    <main className={css.round}>
      <section className={css.result}>
        <Winner result={result} />
        <Verdict who="crowd" tally={result.crowd} className={css.crowd} />
        <Verdict who="judges" tally={result.judges} className={css.judges} />
        <Margin result={result} className={css.close} />
        <Levels
          levels={result.levels}
          caption={words("levels.title")}
          nameOf={(level) => words(`levels.${level}`)}
          seats={!!result.seats.made && words("levels.seats", result.seats)}
        />
      </section>
      {ballot && <MyResult ballot={ballot} />}
      <BoardCard board={board} />
      {duel && (
        <details className={css.again}>
          <summary>{t("result.answers")}</summary>
          <Prompt duel={duel} />
          <div className={css.answers}>
            {SIDES.map((side) => (
              <SideCard key={side} side={side} className={css.card} aside={<AiLabel />}>
                <b>{nameOf(result[side])}</b>
                <Answer side={side} answer={duel[side]} writing={false} className={css.text} />
              </SideCard>
            ))}
          </div>
        </details>
      )}
      {duel && <Records duel={duel} episode={episode} />}
    </main>
  );
}

function MyResult({ ballot }: { ballot: StageBallot }) {
  const { t } = useT();
  const { vote } = useVote(ballot.id, () => false);
  return (
    <>
      <MyVoteNote vote={vote} />
      {vote.step === "counted" && (
        <p className={css.mine}>
          <Link to={`/check/${ballot.id}`}>{t("receipt.check")}</Link>
        </p>
      )}
    </>
  );
}
