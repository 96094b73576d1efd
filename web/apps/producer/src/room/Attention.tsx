import { type AttentionStatus, api, type SideName } from "@gavel/api";
import { Meter, StateMark, useReason } from "@gavel/desk";
import { Button, Card, ErrorNote, SideLabel } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { TRACE, useTrace } from "../app/queries";
import { useT } from "../i18n";
import css from "./Attention.module.css";

const SIDES = ["left", "right"] as const;
const TONES = { none: "calm", waiting: "busy", running: "busy", done: "good", failed: "bad" } as const;

/** After the reveal: have a lab look at what the two answers paid attention to, and see how far it is. */
export function Attention({ duel }: { duel: string }) {
  const { t } = useT();
  const { data } = useTrace(duel);
  if (!data) return null;
  return (
    <Card className={css.card} aria-label={t("attention.title")}>
      <h3>{t("attention.title")}</h3>
      <p className={css.text}>{t("attention.text")}</p>
      {SIDES.map((side) => (
        <Side key={side} duel={duel} side={side} status={data[side].attention} offAir={data[side].off_air !== null} />
      ))}
    </Card>
  );
}

interface SideProps {
  duel: string;
  side: SideName;
  status: AttentionStatus;
  offAir: boolean;
}

function Side({ duel, side, status, offAir }: SideProps) {
  const { t } = useT();
  const told = useReason();
  const queries = useQueryClient();
  const ask = useMutation({
    mutationFn: () =>
      api.post("/api/duels/{duel_id}/answers/{side}/attention", { params: { path: { duel_id: duel, side } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: [...TRACE, duel] }),
  });
  const { state, reason, progress } = status;
  const mayAsk = !offAir && (state === "none" || state === "failed");
  return (
    <div className={css.side}>
      <SideLabel side={side} />
      <p role="status">
        <StateMark tone={TONES[state]} />
        {t(offAir ? "attention.off_air" : `attention.${state}`)}
        {reason && reason !== "queued" && <small>{told(reason)}</small>}
      </p>
      {mayAsk && (
        <Button onClick={() => ask.mutate()} disabled={ask.isPending}>
          {t(state === "failed" ? "attention.again" : "attention.ask")}
        </Button>
      )}
      {state === "running" && progress && (
        <div className={css.whole}>
          <Meter done={progress.done} total={progress.total} label={t("attention.running")} />
        </div>
      )}
      {ask.error && <ErrorNote error={ask.error} className={css.whole} />}
    </div>
  );
}
