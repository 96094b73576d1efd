import type { Choice, StageResult, Tally } from "@gavel/api";
import { Bar, Card, cx, type Part, SideLabel, useEntryName } from "@gavel/ui";
import { useT } from "../i18n";
import { ChoiceIcon } from "../verdict/Form";
import { CHOICES } from "../verdict/keys";
import { Mine } from "../verdict/Mine";
import type { VerdictInHand } from "../verdict/useVerdict";
import css from "./Result.module.css";

/** After the reveal: who they were, and how the judges and the crowd saw it. */
export function Result({ result, verdict }: { result: StageResult; verdict: VerdictInHand }) {
  return (
    <Card className={css.result}>
      <div className={css.winner}>
        <Winner result={result} />
        <Mine verdict={verdict} />
      </div>
      <Split result={result} mine={verdict.saved?.choice ?? null} />
    </Card>
  );
}

function Winner({ result }: { result: StageResult }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const { winner } = result;
  return (
    <>
      <p className={css.kicker}>
        {t(winner === "tie" ? "result.draw" : "result.winner")} {winner !== "tie" && <SideLabel side={winner} />}
      </p>
      <h2>{winner === "tie" ? `${nameOf(result.left)} · ${nameOf(result.right)}` : nameOf(result[winner])}</h2>
      {result.too_close && <p className={css.close}>{t("result.too_close")}</p>}
    </>
  );
}

/** Four choices by two electorates; this judge's own row is marked. */
function Split({ result, mine }: { result: StageResult; mine: Choice | null }) {
  const { t } = useT();
  return (
    <table className={css.split}>
      <caption className="hidden">{t("result.split")}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{t("result.judges")}</th>
          <th scope="col">{t("result.crowd")}</th>
        </tr>
      </thead>
      <tbody>
        {CHOICES.map((choice) => (
          <tr key={choice} className={cx(css[choice], mine === choice && css.mine)}>
            <th scope="row">
              <span className={css.choice}>
                <ChoiceIcon choice={choice} />
                {t(`choice.${choice}`)}
                {mine === choice && <small>{t("result.mine")}</small>}
              </span>
            </th>
            <Cell tally={result.judges} choice={choice} />
            <Cell tally={result.crowd} choice={choice} share />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function toneOf(choice: Choice): Part["tone"] {
  return choice === "left" || choice === "right" ? choice : "neutral";
}

/** Heads for the few judges, shares with heads for the crowd. */
function Cell({ tally, choice, share = false }: { tally: Tally; choice: Choice; share?: boolean }) {
  const { number } = useT();
  const total = tally.left + tally.right + tally.tie + tally.both_bad;
  const value = tally[choice];
  const percent = number(total > 0 ? value / total : 0, { style: "percent", maximumFractionDigits: 0 });
  return (
    <td>
      <span className={css.figure}>
        <b>{share ? percent : number(value)}</b>
        {share && <small>{number(value)}</small>}
      </span>
      <div aria-hidden="true">
        <Bar label="" total={Math.max(1, total)} parts={[{ value, tone: toneOf(choice) }]} />
      </div>
    </td>
  );
}
