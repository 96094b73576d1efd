import { type AttentionStatus, api, type SideName } from "@gavel/api";
import { Button, ErrorNote, Loading } from "@gavel/ui";
import { useState } from "react";
import { useLoad } from "../shared/load";
import css from "./Attention.module.css";
import { HeatMap } from "./HeatMap";
import { useT } from "./i18n";

interface AttentionProps {
  duel: string;
  turn: number;
  side: SideName;
  status: AttentionStatus;
  /** The chosen token of the answer. */
  step: number;
}

/** To what the answer paid attention: how far a lab is with it, and its map once there is one. */
export function Attention({ duel, turn, side, status, step }: AttentionProps) {
  const { t } = useT();
  const [open, setOpen] = useState(false);
  return (
    <section className={css.attention} aria-label={`${t(`side.${side}`)}: ${t("attention.title")}`}>
      <h3>
        {t("attention.title")} <small>{t("attention.diagnostic")}</small>
      </h3>
      <p className={css.note}>{t("attention.about")}</p>
      {status.state !== "done" && <State status={status} />}
      {status.state === "done" && !open && <Button onClick={() => setOpen(true)}>{t("attention.open")}</Button>}
      {status.state === "done" && open && <Loaded duel={duel} turn={turn} side={side} step={step} />}
    </section>
  );
}

function State({ status }: { status: AttentionStatus }) {
  const { t, find } = useT();
  const { state, reason, progress } = status;
  if (state === "none" || state === "done") return <p className={css.note}>{t("attention.none")}</p>;
  const step = progress && find(`attention.step.${progress.note}`);
  return (
    <p className={css.state} role="status">
      <b>{t(`attention.${state}`)}</b>
      {reason && reason !== "queued" && <span>{find(`reason.${reason.replaceAll(" ", "_")}`) ?? reason}</span>}
      {state === "running" && step && <span>{step}</span>}
      {state === "running" && progress && (
        <progress value={progress.done} max={progress.total} aria-label={step ?? ""} />
      )}
    </p>
  );
}

function Loaded({ duel, turn, side, step }: Omit<AttentionProps, "status">) {
  const { data, error, retry } = useLoad(`attention:${duel}:${turn}:${side}`, () =>
    api.get("/api/duels/{duel_id}/answers/{side}/attention", {
      params: { path: { duel_id: duel, side }, query: { turn } },
    }),
  );
  if (data) return <HeatMap map={data} side={side} step={step} />;
  return error ? <ErrorNote error={error} retry={retry} /> : <Loading />;
}
