import type { SideName, Trace, TraceSide } from "@gavel/api";
import { AiLabel, cx, SideCard, useEntryName } from "@gavel/ui";
import { useState } from "react";
import { Attention } from "./Attention";
import { useT } from "./i18n";
import { Likely } from "./Likely";
import css from "./Side.module.css";
import { Strip } from "./Strip";
import { Table } from "./Table";

/** One answer: its words, the curve below them, and what was likely at the chosen one. */
export function Side({ trace, side }: { trace: Trace; side: SideName }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const answer = trace[side];
  return (
    <SideCard side={side} className={css.card} aside={<AiLabel />}>
      <h2 className={css.name}>{nameOf(answer.entry)}</h2>
      {answer.off_air && <p className={css.note}>{t(`trace.off_air.${answer.off_air}`)}</p>}
      {!answer.off_air && answer.steps.length === 0 && (
        <>
          <p className={css.text}>{answer.text.trimStart()}</p>
          <p className={css.note}>{t("trace.not_recorded")}</p>
        </>
      )}
      {answer.steps.length > 0 && <Traced trace={trace} side={side} answer={answer} />}
    </SideCard>
  );
}

function Traced({ trace, side, answer }: { trace: Trace; side: SideName; answer: TraceSide }) {
  const { t } = useT();
  const [place, choose] = useState(0);
  const { steps } = answer;
  const step = steps[Math.min(place, steps.length - 1)];
  const hidden = steps.some((one) => one.alternatives.some((other) => other.text === null));
  return (
    <>
      <p className={css.text}>
        {steps.map((one, index) => (
          // The curve is the way for keys; this is one for the pointer and for a finger.
          // biome-ignore lint/a11y/noStaticElementInteractions: the slider below does the same for everybody
          // biome-ignore lint/a11y/useKeyWithClickEvents: the slider below does the same for everybody
          <span
            key={String(index)}
            className={cx(css.token, index === place && css.here)}
            onPointerEnter={() => choose(index)}
            onClick={() => choose(index)}
          >
            {index === 0 ? one.text.trimStart() : one.text}
          </span>
        ))}
      </p>
      <Strip side={side} steps={steps} place={place} choose={choose} />
      {step && <Likely side={side} step={step} place={place} count={steps.length} />}
      {hidden && <p className={css.note}>{t("trace.hidden_note")}</p>}
      <Table steps={steps} />
      <Attention duel={trace.duel_id} turn={trace.turn} side={side} status={answer.attention} step={place} />
    </>
  );
}
