import type { TrainingPoint } from "@gavel/api";
import { clockTime } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { type Curve, Curves } from "@gavel/ui/curves";
import { type Spot, spotAt, thinned } from "@gavel/ui/curves/figures";
import { Scroll } from "@gavel/ui/scroll";
import { useState } from "react";
import { useT } from "../i18n";
import { type CurveName, curvesOf, MAIN, measured, smooth, spotsOf } from "./figures";
import { useFigure } from "./say";
import css from "./Training.module.css";

const ROWS = 60;

interface RunCurvesProps {
  points: TrainingPoint[];
  /** The budget of steps: where the axis ends. 0 where steps are not what ends it. */
  until: number;
  moving: boolean;
}

/** Everything that was measured at each step. One place is read in all drawings at once; the newest until one is chosen. */
export function RunCurves({ points, until, moving }: RunCurvesProps) {
  const { t } = useT();
  const [chosen, choose] = useState<number | null>(null);
  const last = points.at(-1);
  if (!last) {
    return moving ? (
      <Card className={css.curves}>
        <h2>{t("training.curves")}</h2>
        <p className={css.note}>{t("training.curves_none")}</p>
      </Card>
    ) : null;
  }
  const at = Math.min(chosen ?? last.step, last.step);
  return (
    <Card className={css.curves} aria-labelledby="curves">
      <header>
        <h2 id="curves">{t("training.curves")}</h2>
        <p className={css.note}>
          {t("training.at_step", { step: at })} ·{" "}
          {clockTime(
            spotAt(
              points.map((one) => [one.step, one.seconds]),
              at,
            )?.[1] ?? 0,
          )}
        </p>
      </header>
      <div className={css.drawings}>
        {curvesOf(points).map((name) => (
          <Drawing key={name} name={name} points={points} until={until} at={at} choose={choose} />
        ))}
      </div>
      <Table points={points} />
    </Card>
  );
}

interface DrawingProps {
  name: CurveName;
  points: TrainingPoint[];
  until: number;
  at: number;
  choose: (step: number) => void;
}

function Drawing({ name, points, until, at, choose }: DrawingProps) {
  const { t, number } = useT();
  const figure = useFigure();
  const words = t(`training.curve.${name}`);
  const spots = spotsOf(points, name);
  const main = name === MAIN;
  const means = smooth(spots);
  const drawn: Curve[] = main
    ? [
        { name: "each", tone: "var(--mute)", look: "faint", spots },
        { name, tone: "var(--gold)", look: "line", spots: means },
      ]
    : [{ name, tone: "var(--text)", look: "line", spots }];
  const say = (of: Spot[]) => {
    const value = spotAt(of, at)?.[1];
    return value === undefined ? t("training.value_none") : figure(name, value);
  };
  const said = say(spots);
  return (
    <figure className={css.drawing} data-main={main || undefined}>
      <figcaption aria-hidden="true">
        <span>{words}</span>
        <b>{said}</b>
        {main && <small>{t("training.curve_legend", { mean: say(means) })}</small>}
      </figcaption>
      <Curves
        label={t("training.curve_label", { name: words })}
        curves={drawn}
        until={until}
        x={(step) => number(step)}
        y={(level) => figure(name, level)}
        fromZero={name === "tokens_per_second" || name === "memory" || name === "learning_rate"}
        reader={{ at, choose, said: t("training.said", { step: at, name: words, value: said }) }}
      />
    </figure>
  );
}

/** The same figures for who cannot see the drawings; of a long run every so-manieth step. */
function Table({ points }: { points: TrainingPoint[] }) {
  const { t, number } = useT();
  const figure = useFigure();
  const [open, setOpen] = useState(false);
  const names = curvesOf(points);
  return (
    <details className={css.fold} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("training.table")}</summary>
      {open && (
        <Scroll label={t("training.curves")}>
          <table className={css.table}>
            <thead>
              <tr>
                <th scope="col">{t("training.step")}</th>
                <th scope="col">{t("training.clock")}</th>
                {names.map((name) => (
                  <th key={name} scope="col">
                    {t(`training.curve.${name}`)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {thinned(points, ROWS).map((point) => (
                <tr key={point.step}>
                  <th scope="row">{number(point.step)}</th>
                  <td>{clockTime(point.seconds)}</td>
                  {names.map((name) => {
                    const value = measured(point, name);
                    return <td key={name}>{value === undefined ? t("training.value_none") : figure(name, value)}</td>;
                  })}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </details>
  );
}
