import { cx } from "@gavel/ui";
import { type KeyboardEvent, useRef, useState } from "react";
import { useT } from "../i18n";
import css from "./Heat.module.css";

interface HeatProps {
  /** What the numbers are, with their unit. */
  label: string;
  /** Names of the modules, a row each. */
  modules: string[];
  /** A list per module with a number per layer, null where there is none. */
  values: (number | null)[][];
  /** What the strongest colour stands for; 0 is the weakest. */
  max: number;
  format: (value: number) => string;
  /** The word for null. */
  none: string;
  /** Numbers from here on carry a dot. */
  mark?: number;
  /** Low rows, for many maps on one page. */
  small?: boolean;
}

interface Place {
  row: number;
  column: number;
}

/** Where the largest number is; the first field when there is none. */
export function peakOf(values: (number | null)[][]): Place {
  let peak: Place = { row: 0, column: 0 };
  let most = Number.NEGATIVE_INFINITY;
  for (const [row, line] of values.entries()) {
    for (const [column, value] of line.entries()) {
      if (value !== null && value > most) [most, peak] = [value, { row, column }];
    }
  }
  return peak;
}

const STEPS: Record<string, [row: number, column: number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  Home: [0, Number.NEGATIVE_INFINITY],
  End: [0, Number.POSITIVE_INFINITY],
};

const within = (value: number, length: number) => Math.min(length - 1, Math.max(0, value));

/**
 * Modules × layers in one hue, from 0 to `max`. It is a table with all its numbers for who cannot see it; one field at a
 * time, under the pointer or the arrow keys, says its number above the map. It begins at the largest.
 */
export function Heat({ label, modules, values, max, format, none, mark, small = false }: HeatProps) {
  const { t } = useT();
  const [at, setAt] = useState(() => peakOf(values));
  const grid = useRef<HTMLTableElement>(null);
  const layers = [...(values[0] ?? []).keys()];
  const say = (value: number | null | undefined) => (value == null ? none : format(value));

  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const next = { row: within(at.row + step[0], modules.length), column: within(at.column + step[1], layers.length) };
    setAt(next);
    grid.current?.rows[next.row + 1]?.cells[next.column + 1]?.focus();
  };

  return (
    <figure className={cx(css.heat, small && css.small)}>
      {/* For the eye: who listens hears row, column and number of the field itself. */}
      <p className={css.said} aria-hidden="true">
        <code>{modules[at.row]}</code>
        <span>{t("heat.layer", { n: at.column })}</span>
        <b>{say(values[at.row]?.[at.column])}</b>
      </p>
      <div className={css.scroll}>
        {/* biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table that the arrow keys walk */}
        <table ref={grid} role="grid" aria-label={label} aria-readonly="true" onKeyDown={move}>
          <thead>
            <tr>
              <td>{t("heat.layers")}</td>
              {layers.map((layer) => (
                <th key={layer} scope="col">
                  <span className="hidden">{t("heat.layer", { n: layer })}</span>
                  <span aria-hidden="true">{layer}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {modules.map((name, row) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                {layers.map((column) => {
                  const value = values[row]?.[column] ?? null;
                  const here = at.row === row && at.column === column;
                  return (
                    <td
                      key={column}
                      tabIndex={here ? 0 : -1}
                      data-here={here || undefined}
                      data-none={value === null || undefined}
                      data-marked={(mark !== undefined && value !== null && value >= mark) || undefined}
                      style={value === null ? undefined : { ["--share" as string]: shareOf(value, max) }}
                      onFocus={() => setAt({ row, column })}
                      onPointerEnter={() => setAt({ row, column })}
                    >
                      <span className="hidden">{say(value)}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <figcaption className={css.legend}>
        <span>{label}</span>
        <span className={css.scale}>
          {format(0)}
          <i className={css.ramp} />
          {format(max)}
        </span>
        {values.some((line) => line.includes(null)) && (
          <span className={css.key}>
            <i data-none />
            {none}
          </span>
        )}
        {mark !== undefined && (
          <span className={css.key}>
            <i data-marked />
            {t("heat.at_least", { value: format(mark) })}
          </span>
        )}
      </figcaption>
    </figure>
  );
}

/** How far up the ramp a number stands; what is below 0 is at its foot. */
export function shareOf(value: number, max: number): string {
  return `${max > 0 ? Math.round(100 * Math.min(1, Math.max(0, value / max))) : 0}%`;
}
