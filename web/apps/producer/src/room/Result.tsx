import type { StageResult, Tally } from "@gavel/api";
import { Bar, Card, SideLabel, useEntryName } from "@gavel/ui";
import { LevelCount } from "../ballots/LevelCount";
import { useT } from "../i18n";
import css from "./Result.module.css";

/** Who won and how the two houses voted: shown here when the hall sees it too. */
export function Result({ result }: { result: StageResult }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const { winner } = result;
  return (
    <Card className={css.result}>
      <p className={css.winner} role="status">
        {winner === "tie" ? (
          <b>{t("result.draw")}</b>
        ) : (
          <>
            <span>{t("result.winner")}</span>
            <b>{nameOf(result[winner])}</b>
            <SideLabel side={winner} />
          </>
        )}
      </p>
      {result.too_close && <p className={css.close}>{t("result.too_close")}</p>}
      <Row label={t("result.crowd")} tally={result.crowd} />
      <Row label={t("result.judges")} tally={result.judges} />
      <LevelCount count={result} />
    </Card>
  );
}

function Row({ label, tally }: { label: string; tally: Tally }) {
  const { t, number } = useT();
  const neither = tally.tie + tally.both_bad;
  const words = t("result.words", {
    left: number(tally.left),
    right: number(tally.right),
    tie: number(tally.tie),
    bad: number(tally.both_bad),
  });
  return (
    <div className={css.row}>
      <span>{label}</span>
      <Bar
        label={`${label}: ${words}`}
        parts={[
          { value: tally.left, tone: "left" },
          { value: neither, tone: "neutral" },
          { value: tally.right, tone: "right" },
        ]}
      />
      <small>{words}</small>
    </div>
  );
}
