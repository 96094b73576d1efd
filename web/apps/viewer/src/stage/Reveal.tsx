import type { SideName, StageResult, StageSide } from "@gavel/api";
import { AiLabel, Answer, cx, Mark, SideLabel, useEntryName } from "@gavel/ui";
import { useT } from "../i18n";
import { Margin } from "../shared/Margin";
import { Verdict } from "../shared/Verdict";
import { Column } from "./Interval";
import css from "./Reveal.module.css";
import type { StageProps } from "./StagePage";
import { textWidth } from "./textWidth";

interface PlateProps {
  side: SideName;
  result: StageResult;
  answer: StageSide;
}

const SILENT: StageSide = { text: "", tokens: 0, finished: true, off_air: null, ai_generated: true };
const INNER = { won: 610, draw: 500, beaten: 390 };
const LARGEST = { won: 96, draw: 70, beaten: 58 };
/** Width of one Latin letter in bold, in em. */
const LETTER = 0.56;

/** A name at last. The winner's plate turns to gold after the two verdicts have been read. */
function Plate({ side, result, answer }: PlateProps) {
  const { t } = useT();
  const { winner } = result;
  const name = useEntryName()(result[side]);
  const fate = winner === side ? "won" : winner === "tie" ? "draw" : "beaten";
  const size = Math.min(LARGEST[fate], INNER[fate] / (LETTER * textWidth(name)));
  return (
    <section className={cx(css.plate, css[side], css[fate])}>
      <header>
        <SideLabel side={side} className={css.side} />
        {fate === "won" && (
          <span className={css.tag}>
            <Mark size={42} className={css.gavel} />
            {t("result.winner")}
          </span>
        )}
      </header>
      <h2 style={{ fontSize: Math.max(34, size) }}>{name}</h2>
      <Answer side={side} answer={answer} writing={false} className={css.text} />
      <AiLabel className={css.ai} />
    </section>
  );
}

/** The reveal: crowd, then judges, then the gavel falls. Without motion all of it stands at once. */
export function Reveal({ stage, board, result }: StageProps & { result: StageResult }) {
  const { t } = useT();
  return (
    <main className={css.reveal}>
      <div className={css.main}>
        <div className={cx(css.plates, css[`to_${result.winner}`])}>
          <Plate side="left" result={result} answer={stage.duel?.left ?? SILENT} />
          <Plate side="right" result={result} answer={stage.duel?.right ?? SILENT} />
          {result.winner === "tie" && <p className={css.medal}>{t("result.draw")}</p>}
        </div>
        <div className={css.verdicts}>
          <Verdict who="crowd" tally={result.crowd} className={css.crowd} />
          <Verdict who="judges" tally={result.judges} className={css.judges} />
        </div>
        <Margin result={result} className={css.close} />
      </div>
      <Column board={board} />
      <i className={css.flash} aria-hidden="true" />
    </main>
  );
}
