import { api, type Calibration } from "@gavel/api";
import { Confirm, Pill, SmallButton, Table, type Tone, useReason, useTimes } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNodes } from "../app/queries";
import { useT } from "../i18n";
import { idOf } from "../nodes/idOf";
import css from "./Bench.module.css";
import { BENCH, useCalibrations } from "./queries";

const TONES: Record<Calibration["state"], Tone> = { queued: "calm", running: "busy", done: "good", failed: "bad" };

/** Of each class the newest calibration, and the classes that have none yet. */
export function newestOf(calibrations: Calibration[], present: string[]): [string, Calibration | undefined][] {
  const found = new Map<string, Calibration | undefined>();
  // The newest come first.
  for (const one of calibrations) if (!found.has(one.hardware_class)) found.set(one.hardware_class, one);
  for (const name of present) if (!found.has(name)) found.set(name, undefined);
  return [...found].sort(([a], [b]) => a.localeCompare(b));
}

/** Whether the nodes of a class are the same machine, with the figures that say so. */
export function Calibrations({ onDone }: { onDone: (what: string) => void }) {
  const { t } = useT();
  const calibrations = useCalibrations();
  const nodes = useNodes();
  const present = [...new Set((nodes.data ?? []).map((node) => node.hardware_class))];
  const classes = newestOf(calibrations.data ?? [], present);
  return (
    <section className={css.section} aria-labelledby="bench-calibrations">
      <h2 id="bench-calibrations">{t("bench.calibrations")}</h2>
      <p className={css.mute}>{t("bench.calibrations_lead")}</p>
      {(calibrations.error ?? nodes.error) && <ErrorNote error={calibrations.error ?? nodes.error} />}
      {calibrations.isPending && !calibrations.error && <Loading />}
      {calibrations.data && classes.length === 0 && <p className={css.mute}>{t("bench.calibrations_none")}</p>}
      {calibrations.data &&
        classes.map(([name, newest]) => (
          <Card key={name} className={css.class}>
            <header>
              <h3>{name}</h3>
              {newest && <State calibration={newest} />}
              <Start name={name} busy={newest !== undefined && newest.ended_at === null} onDone={onDone} />
            </header>
            {newest && <Verdicts calibration={newest} />}
          </Card>
        ))}
    </section>
  );
}

function State({ calibration }: { calibration: Calibration }) {
  const { t } = useT();
  const { moment } = useTimes();
  const reason = useReason();
  return (
    <>
      <Pill tone={TONES[calibration.state]}>{t(`bench.calibration.${calibration.state}`)}</Pill>
      <span className={css.mute}>
        {calibration.ended_at
          ? t("bench.calibrated", { time: moment(calibration.ended_at) })
          : t("bench.calibrating", { time: moment(calibration.created_at) })}
        {calibration.reason && ` · ${reason(calibration.reason)}`}
      </span>
    </>
  );
}

interface StartProps {
  name: string;
  busy: boolean;
  onDone: (what: string) => void;
}

function Start({ name, busy, onDone }: StartProps) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const start = useMutation({
    mutationFn: () => api.post("/api/nodes/calibrations", { body: { hardware_class: name } }),
    onSuccess: () => {
      ask(false);
      onDone(t("bench.calibration_begun", { class: name }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: BENCH }),
  });
  return (
    <>
      <SmallButton
        disabled={busy}
        onClick={() => {
          start.reset();
          ask(true);
        }}
      >
        {t("bench.calibrate", { class: name })}
      </SmallButton>
      {asking && (
        <Confirm
          title={t("bench.calibrate_title", { class: name })}
          action={t("bench.calibrate_do")}
          busy={start.isPending}
          error={start.error}
          onConfirm={() => start.mutate()}
          onClose={() => ask(false)}
        >
          <p>{t("bench.calibrate_text")}</p>
          <p>{t("bench.calibrate_risk")}</p>
        </Confirm>
      )}
    </>
  );
}

function Verdicts({ calibration }: { calibration: Calibration }) {
  const { t } = useT();
  return (
    <Table label={t("bench.calibration_of", { class: calibration.hardware_class })}>
      <thead>
        <tr>
          <th scope="col">{t("bench.node")}</th>
          <th scope="col">{t("bench.verdict")}</th>
          <th scope="col">{t("bench.speed")}</th>
          <th scope="col">{t("bench.to_median")}</th>
          <th scope="col">{t("bench.first_token")}</th>
          <th scope="col">{t("bench.agree")}</th>
        </tr>
      </thead>
      <tbody>
        {calibration.nodes.map((turn) => (
          <Turn key={turn.node_id} turn={turn} rules={calibration.rules} />
        ))}
      </tbody>
    </Table>
  );
}

function Turn({ turn, rules }: { turn: Calibration["nodes"][number]; rules: Calibration["rules"] }) {
  const { t, number } = useT();
  const reason = useReason();
  const { verdict } = turn;
  const two = (value: number) => number(value, { maximumFractionDigits: 2 });
  // Beside whom it differs most.
  const worst = [...(verdict?.against ?? [])].sort(
    (a, b) => Number(a.same) - Number(b.same) || a.agreeing - b.agreeing,
  )[0];
  return (
    <tr>
      <th scope="row">{idOf({ id: turn.node_id })}</th>
      <td>
        {verdict ? (
          <Pill tone={verdict.same_class ? "good" : "bad"}>{t(verdict.same_class ? "bench.yes" : "bench.no")}</Pill>
        ) : (
          t(`bench.turn.${turn.turn}`)
        )}
        {turn.reason && <small>{reason(turn.reason)}</small>}
      </td>
      <td>{verdict ? two(verdict.speed) : "–"}</td>
      <td>
        {verdict ? (
          <>
            {number(verdict.to_median, { minimumFractionDigits: 2, maximumFractionDigits: 2 })}×
            <small>{t("bench.band", { band: number(rules.band, { style: "percent" }) })}</small>
          </>
        ) : (
          "–"
        )}
      </td>
      <td>{verdict ? t("bench.ms", { value: number(Math.round(verdict.first_token_ms)) }) : "–"}</td>
      <td>
        {worst ? (
          <>
            {t("bench.agree_value", { agreeing: worst.agreeing, of: worst.of })}
            <small>{t("bench.agree_gap", { gap: two(worst.logprob_gap), tolerance: two(rules.tolerance) })}</small>
          </>
        ) : (
          "–"
        )}
      </td>
    </tr>
  );
}
