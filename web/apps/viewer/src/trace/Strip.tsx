import type { SideName, TraceStep } from "@gavel/api";
import { cx } from "@gavel/ui";
import { moved } from "@gavel/ui/keys";
import type { KeyboardEvent, PointerEvent } from "react";
import { useT } from "./i18n";
import css from "./Strip.module.css";
import { choices, MOST_BITS, visible } from "./steps";

interface StripProps {
  side: SideName;
  steps: TraceStep[];
  place: number;
  choose: (place: number) => void;
}

const UP = 40;
const DOWN = 20;

/** Doubt upwards and lead downwards along the answer. A slider: arrows, a finger or the pointer move along the tokens. */
export function Strip({ side, steps, place, choose }: StripProps) {
  const { t } = useT();
  const text = useValueText(steps, place);
  const pressed = (event: KeyboardEvent) => {
    const to = moved(event.key, place, steps.length);
    if (to === null) return;
    event.preventDefault();
    choose(to);
  };
  const pointed = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    if (width === 0) return;
    const at = Math.floor(((event.clientX - left) / width) * steps.length);
    choose(Math.min(steps.length - 1, Math.max(0, at)));
  };
  return (
    <figure className={css.figure}>
      <figcaption className={css.legend} aria-hidden="true">
        <span className={cx(css.up, css[side])}>{t("trace.entropy")}</span>
        <span className={css.down}>{t("trace.margin")}</span>
      </figcaption>
      <div
        className={css.strip}
        role="slider"
        tabIndex={0}
        aria-label={`${t(`side.${side}`)}: ${t("trace.curve")}`}
        aria-valuemin={1}
        aria-valuemax={steps.length}
        aria-valuenow={place + 1}
        aria-valuetext={text}
        onKeyDown={pressed}
        onPointerMove={pointed}
        onPointerDown={pointed}
      >
        <svg
          viewBox={`0 0 ${steps.length} ${UP + DOWN + 2}`}
          preserveAspectRatio="none"
          className={css.svg}
          aria-hidden="true"
        >
          <rect x={place} y={0} width={1} height={UP + DOWN + 2} className={css.here} />
          {steps.map((step, index) => (
            <Bar key={String(index)} step={step} index={index} side={side} />
          ))}
          <line x1={0} x2={steps.length} y1={UP + 1} y2={UP + 1} className={css.zero} />
        </svg>
      </div>
    </figure>
  );
}

function Bar({ step, index, side }: { step: TraceStep; index: number; side: SideName }) {
  const doubt = ((step.entropy ?? 0) / MOST_BITS) * UP;
  const lead = (step.margin ?? 0) * DOWN;
  return (
    <>
      <rect x={index + 0.1} y={UP - doubt} width={0.8} height={doubt} fill={`var(--${side})`} />
      <rect x={index + 0.1} y={UP + 2} width={0.8} height={lead} fill="var(--neutral)" />
    </>
  );
}

/** The chosen token in a sentence, for whoever hears the page. */
function useValueText(steps: TraceStep[], place: number): string {
  const { t, number } = useT();
  const step = steps[place];
  if (!step || step.probability === null) return t("trace.unknown");
  const percent = (value: number) => number(value, { style: "percent", maximumFractionDigits: 1 });
  const others = choices(step)
    .filter((one) => !one.said)
    .map((one) => `${one.text === null ? t("trace.hidden") : visible(one.text)} ${percent(one.probability)}`);
  return t("trace.value", {
    place: place + 1,
    count: steps.length,
    text: visible(step.text) ?? t("trace.nothing"),
    probability: percent(step.probability),
    entropy: number(step.entropy ?? 0, { maximumFractionDigits: 2 }),
    margin: percent(step.margin ?? 0),
    others: others.join(", ") || t("trace.no_others"),
  });
}
