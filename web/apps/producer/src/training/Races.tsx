import { api, type RaceRun, type TrainingRace } from "@gavel/api";
import { Confirm, clockTime, Pill, SmallButton, type Tone, TrainingPill, useTimes, useWhy } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { LaneMark } from "@gavel/ui/curves";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import { isOpen, isUnderWay, TRAINING, useRaces } from "./queries";
import css from "./Training.module.css";

const TONES: Record<TrainingRace["state"], Tone> = {
  planned: "calm",
  running: "air",
  ended: "good",
  cancelled: "calm",
};

/** The races of the season: who is at the line, what the clock says, what came of it. */
export function Races() {
  const { t } = useT();
  const races = useRaces();
  return (
    <section className={css.section} aria-labelledby="races">
      <h2 id="races">{t("training.races")}</h2>
      {races.error && <ErrorNote error={races.error} />}
      {races.isPending && !races.error && <Loading />}
      {races.data?.length === 0 && <p className={css.mute}>{t("training.races_none")}</p>}
      <ul className={css.cards}>
        {races.data?.map((race) => (
          <li key={race.id}>
            <RaceCard race={race} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** As on the stage: whoever has the same lane keeps it. */
function lanesOf(race: TrainingRace): [string, RaceRun][] {
  return Object.entries(race.runs).sort(([a], [b]) => a.localeCompare(b));
}

function RaceCard({ race }: { race: TrainingRace }) {
  const { t } = useT();
  const { clock } = useTimes();
  const lanes = lanesOf(race);
  const still = lanes.filter(([, run]) => isUnderWay(run));
  const there = still.filter(([, run]) => run.at_line).length;
  return (
    <Card className={css.race}>
      <header>
        <h3>{race.name}</h3>
        <Pill tone={TONES[race.state]}>{t(`training.race_state.${race.state}`)}</Pill>
        <span className={css.mute}>{clockTime(race.seconds)}</span>
      </header>
      {race.state === "planned" && (
        <>
          <p>
            {t("training.ready", { there, all: still.length })}
            {" · "}
            {race.line_until
              ? t("training.line_until", { time: clock(race.line_until) })
              : t("training.line_waits", { time: clockTime(race.line_seconds) })}
          </p>
          {race.room !== null && race.room < still.length && (
            <p className={css.bad} role="status">
              {t("training.no_room", { room: race.room, all: still.length })}
            </p>
          )}
        </>
      )}
      {race.state === "running" && race.started_at && race.ends_at && (
        <p>
          {t("training.starts", { time: clock(race.started_at) })} · {t("training.ends", { time: clock(race.ends_at) })}
        </p>
      )}
      <ol className={css.lineup}>
        {lanes.map(([id, run], index) => (
          <li key={id}>
            <LaneMark index={index} />
            <b>{run.entry}</b>
            <span className={css.mute}>{t(`training.recipes.${run.recipe}`)}</span>
            <span className={css.mute}>
              {run.step > 0 && t("training.step", { step: run.step })}
              {run.loss !== null && ` · ${t("training.loss", { loss: run.loss.toFixed(2) })}`}
              {run.version !== null && ` ${t("training.result", { version: run.version })}`}
            </span>
            {race.state === "planned" && run.at_line ? (
              <Pill tone="good">{t("training.at_line")}</Pill>
            ) : (
              <TrainingPill state={run.state} />
            )}
            <Why run={run} />
          </li>
        ))}
      </ol>
      <RaceActs race={race} there={there} />
    </Card>
  );
}

/** Why a contestant is not in it any more, where that was nobody's decision. */
function Why({ run }: { run: RaceRun }) {
  const why = useWhy()({ ...run, reason: null });
  return why && <small className={css.mute}>{why}</small>;
}

function RaceActs({ race, there }: { race: TrainingRace; there: number }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, ask] = useState<"start" | "cancel" | null>(null);
  const act = useMutation({
    mutationFn: (what: "start" | "cancel") => {
      const params = { path: { race_id: race.id } };
      return what === "start"
        ? api.post("/api/training/races/{race_id}/start", { params })
        : api.post("/api/training/races/{race_id}/cancel", { params });
    },
    onSuccess: () => ask(null),
    onSettled: () => queries.invalidateQueries({ queryKey: TRAINING }),
  });
  const open = (what: "start" | "cancel") => {
    act.reset();
    ask(what);
  };
  return (
    <footer className={css.acts}>
      <a href={`/stage/race/${race.id}`} target="_blank" rel="noreferrer">
        {t("training.stage")}
      </a>
      {race.state === "planned" && (
        <SmallButton tone="gold" disabled={there === 0} onClick={() => open("start")}>
          {t("training.start")}
        </SmallButton>
      )}
      {isOpen(race) && (
        <SmallButton
          tone="danger"
          aria-label={t("training.of_run", { act: t("training.cancel"), run: race.name })}
          onClick={() => open("cancel")}
        >
          {t("training.cancel")}
        </SmallButton>
      )}
      {asking && (
        <Confirm
          title={t(`training.${asking}_title`, { name: race.name })}
          action={t(`training.${asking}`)}
          tone={asking === "start" ? "gold" : "danger"}
          busy={act.isPending}
          error={act.error}
          onConfirm={() => act.mutate(asking)}
          onClose={() => ask(null)}
        >
          {t(`training.${asking}_text`)}
        </Confirm>
      )}
    </footer>
  );
}
