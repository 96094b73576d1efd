import type { SpeedAxis, SpeedRun } from "@gavel/api";
import { drawable, isShare, reach } from "./figures";
import { useT } from "./i18n";
import { RacersHead } from "./RacersHead";
import css from "./Speed.module.css";

const R = 100;
const WHO = ["house", "b", "a"] as const;

/** A point on a spoke, the first at the top. */
function point(index: number, count: number, share: number): [number, number] {
  const angle = (2 * Math.PI * index) / count - Math.PI / 2;
  return [Math.cos(angle) * R * share, Math.sin(angle) * R * share];
}

const path = (points: [number, number][]) => `M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;

/** The profile of a quiz: a drawing for the eye, a table with the same figures for everybody. */
export function Radar({ run, axes }: { run: SpeedRun; axes: SpeedAxis[] }) {
  const { t } = useT();
  const drawn = drawable(axes);
  const missing = axes.filter((axis) => !drawn.includes(axis));
  return (
    <div className={css.radar}>
      {drawn.length >= 3 && <Drawing axes={drawn} />}
      <div className={css.scroll}>
        <Table run={run} axes={axes} />
        {missing.length > 0 && (
          <p className={css.note}>
            {t("speed.radar_left_out", { axes: missing.map(({ axis }) => t(`speed.axis.${axis}`)).join(", ") })}
          </p>
        )}
      </div>
    </div>
  );
}

function Drawing({ axes }: { axes: SpeedAxis[] }) {
  const { t } = useT();
  const count = axes.length;
  const spokes = axes.map(({ axis }, index) => ({
    axis,
    end: point(index, count, 1),
    label: point(index, count, 1.2),
  }));
  return (
    <svg viewBox="-225 -135 450 255" className={css.drawing} role="img" aria-label={t("speed.radar")}>
      {[0.25, 0.5, 0.75, 1].map((ring) => (
        <path key={ring} className={css.ring} d={path(axes.map((_, index) => point(index, count, ring)))} />
      ))}
      {spokes.map(({ axis, end: [x, y], label: [tx, ty] }) => (
        <g key={axis}>
          <line className={css.ring} x2={x} y2={y} />
          <text x={tx} y={ty} textAnchor={Math.abs(tx) < 5 ? "middle" : tx > 0 ? "start" : "end"} dy="0.35em">
            {t(`speed.axis.${axis}`)}
          </text>
        </g>
      ))}
      {WHO.map((who) => (
        <path
          key={who}
          className={css[`shape_${who}`]}
          d={path(axes.map((one, index) => point(index, count, reach(one.axis, one[who] ?? 0))))}
        />
      ))}
      {(["a", "b"] as const).map((who) =>
        axes.map((one, index) => {
          const [x, y] = point(index, count, reach(one.axis, one[who] ?? 0));
          return who === "a" ? (
            <circle key={one.axis} className={css.corner_a} cx={x} cy={y} r="4" />
          ) : (
            <rect key={one.axis} className={css.corner_b} x={x - 4} y={y - 4} width="8" height="8" />
          );
        }),
      )}
    </svg>
  );
}

function Table({ run, axes }: { run: SpeedRun; axes: SpeedAxis[] }) {
  const { t, number } = useT();
  const shown = (axis: SpeedAxis["axis"], value: number | null) => {
    if (value === null) return "–";
    if (axis === "accuracy") return number(value, { style: "percent" });
    const text = number(value, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    return isShare(axis) ? text : `${text}×`;
  };
  return (
    <table className={css.table}>
      <RacersHead run={run} first={t("speed.figure")} />
      <tbody>
        {axes.map((one) => (
          <tr key={one.axis}>
            <th scope="row">
              {t(`speed.axis.${one.axis}`)} <small>{t(`speed.axis_text.${one.axis}`)}</small>
            </th>
            <td>{shown(one.axis, one.a)}</td>
            <td>{shown(one.axis, one.b)}</td>
            <td>{shown(one.axis, one.house)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
