import css from "./Radar.module.css";

const R = 100;
/** Names around the rim are read up to so many; more get their number, and the table beside the drawing says whose. */
const NAMED = 8;
const CAP = 5;

/** One corner of a shape: 0 is the middle, 1 the rim. `lo` and `hi` are the ends of its error bar. */
export interface Corner {
  at: number;
  lo?: number;
  hi?: number;
}

export interface Shape {
  name: string;
  /** A CSS colour. */
  tone: string;
  /** Told apart without colour: by its line and by what stands at its corners. */
  look: "disc" | "square" | "bare";
  corners: Corner[];
}

interface RadarProps {
  /** What the drawing is, for those who do not see it; the same figures must stand in a table beside it. */
  label: string;
  axes: string[];
  /** The first lies lowest. */
  shapes: Shape[];
  className?: string | undefined;
}

/** A point on a spoke, the first at the top. */
export function point(index: number, count: number, share: number): [number, number] {
  const angle = (2 * Math.PI * index) / count - Math.PI / 2;
  return [Math.cos(angle) * R * share, Math.sin(angle) * R * share];
}

const clamp = (share: number) => Math.min(1, Math.max(0, share));
const path = (points: [number, number][]) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;

/** Several profiles over the same axes. Three axes at least: two are a line, and say nothing. */
export function Radar({ label, axes, shapes, className }: RadarProps) {
  const count = axes.length;
  const named = count <= NAMED;
  return (
    <svg
      viewBox={named ? "-225 -135 450 260" : "-130 -130 260 260"}
      className={className}
      role="img"
      aria-label={label}
    >
      {[0.25, 0.5, 0.75, 1].map((ring) => (
        <path key={ring} className={css.ring} d={path(axes.map((_, index) => point(index, count, ring)))} />
      ))}
      {axes.map((axis, index) => {
        const [x, y] = point(index, count, 1);
        const [tx, ty] = point(index, count, named ? 1.2 : 1.14);
        return (
          <g key={axis}>
            <line className={css.ring} x2={x} y2={y} />
            <text
              className={css.name}
              x={tx}
              y={ty}
              textAnchor={!named || Math.abs(tx) < 5 ? "middle" : tx > 0 ? "start" : "end"}
              dy="0.35em"
            >
              {named ? axis : index + 1}
            </text>
          </g>
        );
      })}
      {shapes.map((shape) => (
        <g key={shape.name} className={css[shape.look]} style={{ color: shape.tone }}>
          <path className={css.shape} d={path(shape.corners.map(({ at }, index) => point(index, count, clamp(at))))} />
          {shape.corners.map((corner, index) => (
            <CornerOf key={axes[index]} corner={corner} look={shape.look} index={index} count={count} />
          ))}
        </g>
      ))}
    </svg>
  );
}

interface CornerProps {
  corner: Corner;
  look: Shape["look"];
  index: number;
  count: number;
}

function CornerOf({ corner, look, index, count }: CornerProps) {
  const [x, y] = point(index, count, clamp(corner.at));
  return (
    <>
      {corner.lo !== undefined && corner.hi !== undefined && (
        <ErrorBar lo={clamp(corner.lo)} hi={clamp(corner.hi)} index={index} count={count} />
      )}
      {look === "disc" && <circle className={css.mark} cx={x} cy={y} r="4" />}
      {look === "square" && <rect className={css.mark} x={x - 4} y={y - 4} width="8" height="8" />}
    </>
  );
}

/** Along the spoke, with a cap at each end. */
function ErrorBar({ lo, hi, index, count }: { lo: number; hi: number; index: number; count: number }) {
  const [from, to] = [point(index, count, lo), point(index, count, hi)];
  const [across, along] = point(index, count, CAP / R);
  const cap = ([x, y]: [number, number]) => `M${x - along} ${y + across}L${x + along} ${y - across}`;
  return <path className={css.error} d={`M${from.join(" ")}L${to.join(" ")}${cap(from)}${cap(to)}`} />;
}
