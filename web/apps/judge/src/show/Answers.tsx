import type { SideName, StageDuel, StageResult } from "@gavel/api";
import { AiLabel, Answer, cx, EarlierTurns, SideCard, useEntryName, useTurn } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Answers.module.css";

const SIDES = ["left", "right"] as const;

interface AnswersProps {
  duel: StageDuel;
  note?: string | undefined;
  /** The side this judge has chosen. */
  chosen?: SideName | null;
  /** After the reveal: whose answers these were. */
  names?: StageResult | null;
}

/** Both answers, of equal width and type, so that nothing but the words differs. */
export function Answers({ duel, note, chosen = null, names = null }: AnswersProps) {
  const { t } = useT();
  const nameOf = useEntryName();
  const empty = duel.state === "queued" || duel.state === "loading";
  const turn = useTurn(duel);
  return (
    <>
      <EarlierTurns duel={duel} open />
      {turn && (
        <h2 className={css.turn}>
          {turn}
          {duel.turn > 1 && <span>{duel.kind === "debate" ? t("turns.reply") : duel.asked}</span>}
        </h2>
      )}
      <div className={css.pair}>
        {SIDES.map((side) => (
          <SideCard key={side} side={side} className={cx(css.card, chosen === side && css[side])} aside={<AiLabel />}>
            {names && <b className={css.name}>{nameOf(names[side])}</b>}
            {empty ? <Ghost /> : <Text duel={duel} side={side} />}
          </SideCard>
        ))}
      </div>
      {note && <p className={css.note}>{note}</p>}
      {empty && <p className="hidden">{t("duel.loading")}</p>}
    </>
  );
}

function Text({ duel, side }: { duel: StageDuel; side: SideName }) {
  return <Answer side={side} answer={duel[side]} writing={duel.state === "live"} className={css.text} />;
}

function Ghost() {
  return (
    <div className={css.ghost} aria-hidden="true">
      <i />
      <i />
      <i />
    </div>
  );
}
