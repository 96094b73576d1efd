import type { CSSProperties, KeyboardEvent, PointerEvent, ReactNode } from "react";
import { levelsOf, type Range, type Spot, spotAt, ticks } from "../curves";
import { cx } from "../cx";
import { moved } from "../keys";
import css from "./Curves.module.css";

export interface Curve {
  name: string;
  /** A CSS colour. */
  tone: string;
  /** Told apart without colour too. `faint`: what lies behind another curve of the same thing. */
  look: "line" | "dash" | "dots" | "mixed" | "faint";
  /** From left to right. */
  spots: readonly Spot[];
  /** Stands at the end of the curve. */
  head?: ReactNode;
}

const LOOKS = ["line", "dash", "dots", "mixed"] as const;
const TONES = ["var(--left)", "var(--right)", "var(--next)", "var(--text)"] as const;

/** The line of the so-manieth of several, from 0: up to twelve are told apart, by line or by colour and by number. */
export function laneOf(index: number): Pick<Curve, "tone" | "look"> {
  const turn = index + Math.floor(index / LOOKS.length);
  return { look: LOOKS[index % LOOKS.length] ?? "line", tone: TONES[turn % TONES.length] ?? TONES[0] };
}

/** The number of a lane, as it stands at the end of its curve and beside its name. */
export function LaneMark({ index }: { index: number }) {
  return (
    <span className={css.mark} data-odd={index % 2 === 1 || undefined} style={{ color: laneOf(index).tone }}>
      {index + 1}
    </span>
  );
}

/** One place of all curves can be read: under the pointer, or walked to with the arrow keys. */
export interface Reader {
  at: number;
  choose: (x: number) => void;
  /** The figures at that place, in a sentence. */
  said: string;
}

interface CurvesProps {
  /** What the drawing shows; the same figures must stand in a table beside it. */
  label: string;
  curves: Curve[];
  x: (value: number) => string;
  y: (value: number) => string;
  /** Where the axis ends even if nothing has come so far yet. */
  until?: number | undefined;
  /** The axis begins at 0: for what is an amount. */
  fromZero?: boolean;
  reader?: Reader | undefined;
  className?: string | undefined;
}

const SIZE = 1000;
/** Finer than a screen shows, short enough to be sent to it many times. */
const round = (value: number) => Math.round(value * 10) / 10;

function share({ lo, hi }: Range, value: number): number {
  return hi > lo ? (value - lo) / (hi - lo) : 0;
}

/** Lines over one axis. The words are not drawn but written around the drawing, so that it can have any size. */
export function Curves({ label, curves, x, y, until, fromZero = false, reader, className }: CurvesProps) {
  const begun = curves.filter(({ spots }) => spots.length > 0);
  const across = acrossOf(curves, until);
  const up = levelsOf(
    curves.flatMap(({ spots }) => spots.map(([, value]) => value)),
    fromZero,
  );
  const left = (value: number) => `${round(100 * share(across, value))}%`;
  const bottom = (value: number) => `${round(100 * share(up, value))}%`;
  const path = (spots: readonly Spot[]) =>
    `M${spots.map(([a, b]) => `${round(SIZE * share(across, a))} ${round(SIZE - SIZE * share(up, b))}`).join("L")}`;
  const { levels } = up;
  const words = levels.map(y).reduce((one, other) => (other.length > one.length ? other : one), "");
  return (
    <div className={cx(css.curves, className)}>
      <div className={css.levels} aria-hidden="true">
        {/* The longest keeps the room for all of them. */}
        <span>{words}</span>
        {levels.map((level) => (
          <span key={level} style={{ bottom: bottom(level) }}>
            {y(level)}
          </span>
        ))}
      </div>
      <Plot label={label} curves={curves} across={across} reader={reader}>
        <svg viewBox={`0 0 ${SIZE} ${SIZE}`} preserveAspectRatio="none" aria-hidden="true">
          {levels.map((level) => (
            <path key={level} className={css.level} d={`M0 ${round(SIZE - SIZE * share(up, level))}H${SIZE}`} />
          ))}
          {begun.map(({ name, tone, look, spots }) => (
            <path key={name} className={cx(css.curve, css[look])} style={{ color: tone }} d={path(spots)} />
          ))}
        </svg>
        {reader && <i className={css.here} style={{ left: left(reader.at) }} />}
        {begun.map(({ name, tone, look, spots, head }) => {
          const spot = reader ? spotAt(spots, reader.at) : spots.at(-1);
          if (!spot || look === "faint") return null;
          const style: CSSProperties = { left: left(spot[0]), bottom: bottom(spot[1]), color: tone };
          return (
            <span key={name} className={head ? css.head : css.spot} style={style} aria-hidden="true">
              {head}
            </span>
          );
        })}
      </Plot>
      <div className={css.places} aria-hidden="true">
        {ticks(across.lo, across.hi, 5).map((place) => (
          <span key={place} style={{ left: left(place) }}>
            {x(place)}
          </span>
        ))}
      </div>
    </div>
  );
}

function acrossOf(curves: Curve[], until: number | undefined): Range {
  const ends = curves.flatMap(({ spots }) => (spots.length > 0 ? [(spots.at(-1) as Spot)[0]] : []));
  return { lo: 0, hi: Math.max(1, until ?? 0, ...ends) };
}

interface PlotProps {
  label: string;
  curves: Curve[];
  across: Range;
  reader: Reader | undefined;
  children: ReactNode;
}

function Plot({ label, curves, across, reader, children }: PlotProps) {
  if (!reader) {
    return (
      <div className={css.plot} role="img" aria-label={label}>
        {children}
      </div>
    );
  }
  const places = [...new Set(curves.flatMap(({ spots }) => spots.map(([place]) => place)))].sort((a, b) => a - b);
  const pressed = (event: KeyboardEvent) => {
    const next = moved(event.key, places.indexOf(nearest(places, reader.at)), places.length);
    if (next === null) return;
    event.preventDefault();
    reader.choose(places[next] as number);
  };
  const pointed = (event: PointerEvent<HTMLElement>) => {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    if (width > 0) reader.choose(nearest(places, across.hi * ((event.clientX - left) / width)));
  };
  return (
    <div
      className={css.plot}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={places[0] ?? 0}
      aria-valuemax={places.at(-1) ?? 0}
      aria-valuenow={reader.at}
      aria-valuetext={reader.said}
      onKeyDown={pressed}
      onPointerMove={pointed}
      onPointerDown={pointed}
    >
      {children}
    </div>
  );
}

function nearest(places: number[], to: number): number {
  return places.reduce((best, one) => (Math.abs(one - to) < Math.abs(best - to) ? one : best), places[0] ?? 0);
}
