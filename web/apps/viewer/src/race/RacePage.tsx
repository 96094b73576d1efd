import type { TrainingRace } from "@gavel/api";
import { useChannel } from "@gavel/live";
import { AiLabel, clockText, cx, Mark, useRemaining, useSettled } from "@gavel/ui";
import { Curves, LaneMark, laneOf } from "@gavel/ui/curves";
import { useEffect, useState } from "react";
import { Frame } from "../stage/Frame";
import { isOut, lanesOf, MINUTE, type Phase, phaseOf, saidOf, spotsOf, unitOf } from "./figures";
import { useT } from "./i18n";
import css from "./Race.module.css";

const AGAIN_MS = 5_000;
/** So many have a card each; more share the room. */
const ROOMY = 4;

/**
 * A training race on air: every contestant's loss over the one clock. An address that is opened before the start says
 * so, and asks again by itself.
 */
export default function RacePage({ race: id }: { race: string }) {
  const { t } = useT();
  const [asked, ask] = useState(true);
  const { state: race, status, serverNow } = useChannel<TrainingRace>(asked ? `race:${id}` : null);
  const shown = useSettled(status, "live");
  const refused = status === "missing" || status === "denied";
  useEffect(() => {
    if (asked && !refused) return;
    const timer = setTimeout(() => ask(!asked), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [asked, refused]);
  const transparent = new URLSearchParams(location.search).get("transparent") === "1";
  return (
    <Frame
      transparent={transparent}
      waiting={t(refused || !asked ? "race.waiting" : "race.connecting")}
      lost={shown === "offline" || shown === "behind" ? t("race.signal_lost") : null}
    >
      {race && <Race race={race} serverNow={serverNow} />}
    </Frame>
  );
}

function Race({ race, serverNow }: { race: TrainingRace; serverNow: () => number }) {
  const { t, number } = useT();
  // Ticks until the start, then until the end: what is said changes with it.
  const toStart = useRemaining(race.started_at, serverNow);
  const toEnd = useRemaining(race.ends_at, serverNow);
  const phase = phaseOf(race, serverNow());
  const lanes = lanesOf(race);
  const unit = unitOf(race);
  const curves = lanes.map((run, index) => ({
    ...laneOf(index),
    name: String(index),
    spots: spotsOf(run, unit),
    head: <LaneMark index={index} />,
  }));
  return (
    <>
      <header className={css.header}>
        <Mark size={68} className={css.logo} />
        <div className={css.words}>
          <p>{t("race.kicker")}</p>
          <h1>{race.name}</h1>
        </div>
        {(phase === "running" || phase === "soon") && (
          <p className={css.live}>
            <i aria-hidden="true" />
            {t("race.live")}
          </p>
        )}
      </header>
      <main className={css.main}>
        <section className={css.chart}>
          <h2>{t("race.loss")}</h2>
          <Curves
            className={css.curves}
            label={t("race.chart")}
            curves={curves}
            until={race.seconds / unit}
            x={(time) => t(unit === MINUTE ? "race.axis" : "race.axis_seconds", { time: number(time) })}
            y={(loss) => number(loss, { maximumSignificantDigits: 3 })}
          />
        </section>
        <aside className={css.side}>
          <Clock race={race} phase={phase} left={phase === "soon" ? toStart : toEnd} />
          <ol className={cx(css.lanes, lanes.length > ROOMY && css.many)}>
            {lanes.map((run, index) => {
              const said = saidOf(run, phase);
              const loss = run.loss === null ? undefined : curves[index]?.spots.at(-1)?.[1];
              return (
                <li key={String(index)} className={css.lane} data-out={isOut(run) || undefined}>
                  <LaneMark index={index} />
                  <b className={css.name}>{run.entry}</b>
                  <span className={css.loss}>{loss?.toFixed(2) ?? "–"}</span>
                  <span className={css.how}>
                    {run.step === 0
                      ? t(`race.recipe.${run.recipe}`)
                      : `${t("race.step", { step: run.step })} · ${clockText(1000 * Math.floor(run.seconds))}`}
                  </span>
                  <span className={css.said} data-said={said}>
                    {t(`race.${said}`, { version: run.version ?? 0, step: run.step })}
                  </span>
                </li>
              );
            })}
          </ol>
        </aside>
      </main>
      <footer className={css.footer}>
        <AiLabel className={css.ai} />
        <p>
          {t("race.label")}
          <br />
          {t("race.fair")}
        </p>
      </footer>
    </>
  );
}

interface ClockProps {
  race: TrainingRace;
  phase: Phase;
  /** Milliseconds until the start, then until the end. */
  left: number;
}

/** The one clock that all of them have. */
function Clock({ race, phase, left }: ClockProps) {
  const { t } = useT();
  const ticks = phase === "soon" || phase === "running";
  const over = phase === "over" || phase === "ended";
  const shown = ticks ? left : over || phase === "cancelled" ? 0 : 1000 * race.seconds;
  return (
    <section className={css.clock} data-phase={phase}>
      <h2>{t(`race.clock.${phase}`)}</h2>
      {phase !== "cancelled" && <p role="timer">{clockText(shown)}</p>}
      <div className={css.track} aria-hidden="true">
        <i style={{ transform: `scaleX(${phase === "running" ? left / (1000 * race.seconds) : over ? 0 : 1})` }} />
      </div>
    </section>
  );
}
