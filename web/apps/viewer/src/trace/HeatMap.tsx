import type { Attention, AttentionLayer, SideName } from "@gavel/api";
import { cx } from "@gavel/ui";
import { type KeyboardEvent, useState } from "react";
import css from "./HeatMap.module.css";
import { useT } from "./i18n";
import { type Look, looks, named, rowOf } from "./steps";

interface HeatMapProps {
  map: Attention;
  side: SideName;
  step: number;
}

/** A row for each layer, a column for each token up to the chosen one; below it the chosen layer in words. */
export function HeatMap({ map, side, step }: HeatMapProps) {
  const { t } = useT();
  const layers = [...map.layers, map.rollout];
  // Of all layers together most ends at the first token, where models rest their attention: not the one to begin with.
  const [chosen, choose] = useState(() => Math.max(0, lastOf(map.layers, "global")));
  const row = rowOf(map, step);
  const name = useLayerName();
  if (row === null) return <p className={css.note}>{t("attention.cut")}</p>;
  const layer = layers[chosen] as AttentionLayer;
  const seen = looks(map, layer, step);
  const pressed = (event: KeyboardEvent) => {
    const to = { ArrowUp: chosen - 1, ArrowDown: chosen + 1, Home: 0, End: layers.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(Math.min(layers.length - 1, Math.max(0, to)));
  };
  return (
    <>
      <p className={css.note}>{t("attention.map")}</p>
      <div
        className={css.map}
        role="slider"
        tabIndex={0}
        aria-orientation="vertical"
        aria-label={t("attention.choose")}
        aria-valuemin={1}
        aria-valuemax={layers.length}
        aria-valuenow={chosen + 1}
        aria-valuetext={name(layer, chosen)}
        onKeyDown={pressed}
      >
        {layers.map((one, index) => (
          <div
            key={String(index)}
            className={cx(css.layer, index === chosen && css.chosen, one.kind === "rollout" && css.rollout)}
            onPointerDown={() => choose(index)}
          >
            <span>{name(one, index)}</span>
            <Row width={row + 1} start={map.answer_from} looks={looks(map, one, step)} side={side} />
          </div>
        ))}
      </div>
      {layer.kind === "rollout" && <p className={css.note}>{t("attention.rollout_about")}</p>}
      <Text map={map} row={row} looks={seen} />
      <Words map={map} name={name(layer, chosen)} looks={seen} />
    </>
  );
}

function lastOf(layers: AttentionLayer[], kind: AttentionLayer["kind"]): number {
  return layers.map((layer) => layer.kind).lastIndexOf(kind);
}

function useLayerName() {
  const { t } = useT();
  return (layer: AttentionLayer, index: number) => {
    if (layer.kind === "rollout") return t("attention.rollout");
    const kind =
      layer.kind === "sliding" ? t("attention.sliding", { window: layer.window ?? 0 }) : t("attention.global");
    return `${t("attention.layer", { number: index + 1 })} · ${kind}`;
  };
}

function Row({ width, start, looks: seen, side }: { width: number; start: number; looks: Look[]; side: SideName }) {
  return (
    <svg viewBox={`0 0 ${width} 1`} preserveAspectRatio="none" className={css.row} aria-hidden="true">
      {start < width && <rect x={start} y={0} width={width - start} height={1} className={css.answer} />}
      {seen.map(({ source, weight }) => (
        <rect key={source} x={source} y={0} width={1} height={1} fill={`var(--${side})`} opacity={shade(weight)} />
      ))}
    </svg>
  );
}

/** Most weights are small: the root lets them be seen. */
const shade = (weight: number) => Math.sqrt(weight);

/** Prompt and answer up to the chosen token, shaded by the chosen layer. */
function Text({ map, row, looks: seen }: { map: Attention; row: number; looks: Look[] }) {
  const { t } = useT();
  const weights = new Map(seen.map(({ source, weight }) => [source, weight]));
  const shown = map.tokens.slice(0, row + 1);
  return (
    <p className={css.text} aria-hidden="true">
      {shown.map((token, index) => {
        const before = shown[index - 1];
        // The private words of an entry are one label, however many they are.
        if (token.kind === "system" && before?.kind === "system") return null;
        const weight = systemWeight(map, weights, index);
        const words = token.kind === "system" || token.kind === "mark" ? t(`attention.kind.${token.kind}`) : token.text;
        return (
          <span
            key={String(index)}
            className={cx(token.kind !== "answer" && css.given, named(token) === null && css.label)}
            style={weight > 0 ? { background: `rgb(242 184 59 / ${Math.round(70 * shade(weight))}%)` } : undefined}
          >
            {index === map.answer_from && <b className={css.begins} />}
            {words}
          </span>
        );
      })}
    </p>
  );
}

/** Of a label that stands for several tokens, all of theirs. */
function systemWeight(map: Attention, weights: ReadonlyMap<number, number>, index: number): number {
  let sum = weights.get(index) ?? 0;
  if (map.tokens[index]?.kind !== "system") return sum;
  for (let at = index + 1; map.tokens[at]?.kind === "system"; at++) sum += weights.get(at) ?? 0;
  return sum;
}

/** The chosen layer's row in words: what a screen reader reads, and what an eye can check. */
function Words({ map, name, looks: seen }: { map: Attention; name: string; looks: Look[] }) {
  const { t, number } = useT();
  return (
    <div className={css.words}>
      <p>{t("attention.looked", { layer: name })}</p>
      <ol>
        {seen.map(({ source, weight }) => {
          const token = map.tokens[source];
          if (!token) return null;
          const kind = t(`attention.kind.${token.kind}`);
          const text = named(token);
          const share = number(weight, { style: "percent", maximumFractionDigits: 1 });
          const place = `${kind} ${source + 1}`;
          return (
            <li key={source}>
              {text === null ? `${place}, ${share}` : t("attention.weight", { text, place, weight: share })}
            </li>
          );
        })}
      </ol>
    </div>
  );
}
