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
export function Attention({ duel }: { duel: { id: string; turns: number } }) {
  const { t } = useT();
  return (
    <Card className={css.card} aria-label={t("attention.title")}>
      <h3>{t("attention.title")}</h3>
      <p className={css.text}>{t("attention.text")}</p>
      {Array.from({ length: duel.turns }, (_, index) => (
        <Turn key={String(index)} duel={duel.id} turn={index + 1} turns={duel.turns} />
      ))}
    </Card>
  );
}

function Turn({ duel, turn, turns }: { duel: string; turn: number; turns: number }) {
  const { t } = useT();
  const { data } = useTrace(duel, turn);
  if (!data) return null;
  return (
    <>
      {turns > 1 && <h4>{t("turns.turn", { turn })}</h4>}
      {SIDES.map((side) => {
        const { attention, off_air } = data[side];
        return <Side key={side} duel={duel} turn={turn} side={side} status={attention} offAir={off_air !== null} />;
      })}
    </>
  );
}

interface SideProps {
  duel: string;
  turn: number;
  side: SideName;
  status: AttentionStatus;
  offAir: boolean;
}

function Side({ duel, turn, side, status, offAir }: SideProps) {
  const { t } = useT();
  const told = useReason();
  const queries = useQueryClient();
  const ask = useMutation({
    mutationFn: () =>
      api.post("/api/duels/{duel_id}/answers/{side}/attention", {
        params: { path: { duel_id: duel, side }, query: { turn } },
      }),
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
