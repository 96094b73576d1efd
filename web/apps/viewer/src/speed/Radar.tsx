import type { SpeedAxis, SpeedRun } from "@gavel/api";
import { Radar as Profile } from "@gavel/ui/radar";
import { Scroll } from "@gavel/ui/scroll";
import { drawable, isShare, reach } from "./figures";
import { useT } from "./i18n";
import { RacersHead } from "./RacersHead";
import css from "./Speed.module.css";

/** The house lowest, then the second, then the first. */
const LOOKS = [
  { who: "house", tone: "var(--mute)", look: "bare" },
  { who: "b", tone: "var(--right)", look: "square" },
  { who: "a", tone: "var(--left)", look: "disc" },
] as const;

/** The profile of a quiz: a drawing for the eye, a table with the same figures for everybody. */
export function Radar({ run, axes }: { run: SpeedRun; axes: SpeedAxis[] }) {
  const { t } = useT();
  const drawn = drawable(axes);
  const missing = axes.filter((axis) => !drawn.includes(axis));
  return (
    <div className={css.radar}>
      {drawn.length >= 3 && <Drawing axes={drawn} />}
      <Scroll label={t("speed.verdict_quiz")}>
        <Table run={run} axes={axes} />
        {missing.length > 0 && (
          <p className={css.note}>
            {t("speed.radar_left_out", { axes: missing.map(({ axis }) => t(`speed.axis.${axis}`)).join(", ") })}
          </p>
        )}
      </Scroll>
    </div>
  );
}

function Drawing({ axes }: { axes: SpeedAxis[] }) {
  const { t } = useT();
  return (
    <Profile
      className={css.drawing}
      label={t("speed.radar")}
      axes={axes.map(({ axis }) => t(`speed.axis.${axis}`))}
      shapes={LOOKS.map(({ who, tone, look }) => ({
        name: who,
        tone,
        look,
        corners: axes.map((one) => ({ at: reach(one.axis, one[who] ?? 0) })),
      }))}
    />
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
