import type { SideName, StageDuel } from "@gavel/api";
import { cx } from "../cx";
import { useT } from "../i18n";
import { AiLabel } from "./AiLabel";
import { Answer } from "./Answer";
import { SideLabel } from "./Card";
import css from "./Turns.module.css";

const SIDES = ["left", "right"] as const;

/** Which turn this is, and of what; nothing for a duel of one turn. */
export function useTurn({ kind, turn, turns }: Pick<StageDuel, "kind" | "turn" | "turns">): string | null {
  const { t } = useT();
  return turns > 1 ? `${t(`turns.${kind}`)} · ${t("turns.of", { turn, turns })}` : null;
}

interface TurnsProps {
  duel: StageDuel;
  /** To be read again, while people decide; folded while the next turn goes on. */
  open: boolean;
  className?: string | undefined;
}

/** The conversation up to the turn that is on air. */
export function EarlierTurns({ duel, open, className }: TurnsProps) {
  const { t } = useT();
  if (duel.earlier.length === 0) return null;
  return (
    <section className={cx(css.turns, className)} aria-label={t("turns.earlier")}>
      {duel.earlier.map((one) => (
        // Begun anew when the vote opens: from then on all of it is open.
        <details key={`${one.turn} ${open}`} open={open} className={css.turn}>
          <summary>
            <b className={css.name}>{t("turns.turn", { turn: one.turn })}</b>
            <span className={css.asked}>
              {duel.kind === "debate" ? t(one.turn > 1 ? "turns.reply" : "turns.opening") : one.prompt}
            </span>
          </summary>
          <div className={css.pair}>
            {SIDES.map((side) => (
              <div key={side} className={css[side]}>
                <p className={css.head}>
                  <SideLabel side={side} className={css.side} />
                  <AiLabel />
                </p>
                <Answer side={side} answer={one[side]} writing={false} className={css.text} />
              </div>
            ))}
          </div>
        </details>
      ))}
    </section>
  );
}

/** What one side has said before, a line or two for each turn, above what it says now. */
export function Before({ duel, side, className }: { duel: StageDuel; side: SideName; className?: string | undefined }) {
  const { t } = useT();
  if (duel.earlier.length === 0) return null;
  return (
    <ol className={cx(css.before, className)} aria-label={t("turns.earlier")}>
      {duel.earlier.map((one) => (
        <li key={one.turn}>
          <b>{one.turn}</b>
          <Answer side={side} answer={one[side]} writing={false} className={css.line} />
        </li>
      ))}
    </ol>
  );
}
