import type { Criterion, SideName } from "@gavel/api";
import { cx, SideLabel } from "@gavel/ui";
import { useId } from "react";
import { useT } from "../i18n";
import { SCORES, type Slot } from "./keys";
import css from "./Rubric.module.css";
import { SIDES } from "./sides";
import type { VerdictInHand } from "./useVerdict";

interface RubricProps {
  rubric: Criterion[];
  required: boolean;
  verdict: VerdictInHand;
}

/** A score from 1 to 5 for each side by each criterion, each with a sentence that says what it means. */
export function Rubric({ rubric, required, verdict }: RubricProps) {
  const { t } = useT();
  return (
    <section className={css.rubric} aria-label={t("rubric.title")}>
      <header className={css.head}>
        <h2>{t("rubric.title")}</h2>
        <p>{t(required ? "rubric.required" : "rubric.optional")}</p>
      </header>
      <div className={css.rows}>
        {rubric.map((criterion) => (
          <Row key={criterion.id} criterion={criterion} verdict={verdict} />
        ))}
      </div>
    </section>
  );
}

function Row({ criterion, verdict }: { criterion: Criterion; verdict: VerdictInHand }) {
  const { language } = useT();
  const name = language === "zh" ? criterion.zh : criterion.en;
  const anchors = language === "zh" ? criterion.anchors_zh : criterion.anchors_en;
  return (
    <div className={css.row}>
      <h3>{name}</h3>
      {SIDES.map((side) => (
        <Scale key={side} {...{ side, name, anchors, verdict }} criterion={criterion.id} />
      ))}
    </div>
  );
}

interface ScaleProps {
  criterion: string;
  side: SideName;
  name: string;
  anchors: string[];
  verdict: VerdictInHand;
}

function Scale({ criterion, side, name, anchors, verdict }: ScaleProps) {
  const { t } = useT();
  const group = useId();
  const given = verdict.draft.scores[criterion]?.[side];
  return (
    <fieldset className={cx(css.scale, css[side])} aria-label={`${t(`side.${side}`)} · ${name}`}>
      <SideLabel side={side} className={css.side} />
      <div className={css.steps} data-slot={slotName({ criterion, side })}>
        {SCORES.map((score) => (
          <label key={score} className={cx(css.step, given === score && css.given)} title={anchors[score - 1]}>
            <input
              type="radio"
              name={group}
              checked={given === score}
              aria-label={t("rubric.step", { score, anchor: anchors[score - 1] ?? "" })}
              onChange={() => verdict.score(criterion, side, score)}
            />
            <span aria-hidden="true">{score}</span>
          </label>
        ))}
      </div>
      <p className={css.anchor}>{given === undefined ? t("rubric.none") : anchors[given - 1]}</p>
    </fieldset>
  );
}

export const slotName = ({ criterion, side }: Slot): string => `${criterion}.${side}`;
