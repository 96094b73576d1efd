import type { SideName, StageResult } from "@gavel/api";
import { AiLabel, cx, Mark, SideLabel } from "@gavel/ui";
import { useT } from "../i18n";
import { Answer } from "../shared/Answer";
import { Verdict } from "../shared/Verdict";
import { Column } from "./Interval";
import css from "./Reveal.module.css";
import type { StageProps } from "./StagePage";

interface PlateProps {
  side: SideName;
  result: StageResult;
  text: string;
}

/** A name at last. The winner's plate turns to gold after the two verdicts have been read. */
function Plate({ side, result, text }: PlateProps) {
  const { t } = useT();
  const won = result.winner === side;
  const draw = result.winner === "tie";
  return (
    <section className={cx(css.plate, css[side], won && css.won, draw && css.draw, !won && !draw && css.beaten)}>
      <header>
        <SideLabel side={side} className={css.side} />
        {won && (
          <span className={css.tag}>
            <Mark size={40} className={css.gavel} />
            {t("result.winner")}
          </span>
        )}
      </header>
      <h2>{result[side].name}</h2>
      <Answer side={side} answer={{ text, tokens: 0, finished: true }} writing={false} className={css.text} />
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
        <div className={css.plates}>
          <Plate side="left" result={result} text={stage.duel?.left.text ?? ""} />
          <Plate side="right" result={result} text={stage.duel?.right.text ?? ""} />
          {result.winner === "tie" && <p className={css.medal}>{t("result.draw")}</p>}
        </div>
        <div className={css.verdicts}>
          <Verdict who="crowd" tally={result.crowd} className={css.crowd} />
          <Verdict who="judges" tally={result.judges} className={css.judges} />
        </div>
        {result.too_close && (
          <p className={css.close}>
            <b>{t("result.too_close")}</b> {t("result.too_close_text")}
          </p>
        )}
      </div>
      <Column board={board} />
    </main>
  );
}
