import type { Desk, SideName, StageDuel } from "@gavel/api";
import { Meter, StateMark, useReason } from "@gavel/desk";
import {
  AiLabel,
  Answer,
  Card,
  cx,
  EarlierTurns,
  EmptyState,
  Mark,
  Records,
  SideCard,
  useEntryName,
  useTurn,
} from "@gavel/ui";
import { useT } from "../i18n";
import { Attention } from "./Attention";
import css from "./OnStage.module.css";
import { Result } from "./Result";

const SIDES = ["left", "right"] as const;

/** What the hall sees now, with the names that only this desk may see before the reveal. */
export function OnStage({ desk }: { desk: Desk }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const { phase, duel, names, result } = desk;
  const turn = useTurn(duel ?? { kind: "single", turn: 1, turns: 1 });
  if (!duel) {
    return (
      <Card className={css.empty}>
        <EmptyState icon={<Mark size={64} />} title={t(phase === "finished" ? "stage.over" : "stage.empty")}>
          {t(phase === "finished" ? "stage.over_text" : "stage.empty_text")}
        </EmptyState>
      </Card>
    );
  }
  return (
    <section className={css.stage} aria-label={t("stage.label")}>
      <header className={css.prompt}>
        <span>{[t("stage.duel", { number: duel.number }), turn].filter(Boolean).join(" · ")}</span>
        <h2>{duel.asked}</h2>
      </header>
      {duel.state === "queued" && names?.reason && <Waits reason={names.reason} />}
      {duel.state === "failed" && <Failed reason={names?.reason ?? null} />}
      {phase === "revealed" && result && <Result result={result} />}
      {phase === "locked" && <Locked root={desk.ballot?.root ?? null} />}
      <EarlierTurns duel={duel} open={false} />
      <div className={css.pair}>
        {SIDES.map((side) => (
          <Side key={side} side={side} duel={duel} name={names && nameOf(names[side])} won={result?.winner === side} />
        ))}
      </div>
      {phase === "revealed" && <Attention duel={duel} />}
      {phase === "revealed" && <Records duel={duel} episode={desk.episode.id} />}
    </section>
  );
}

interface SideProps {
  side: SideName;
  duel: StageDuel;
  name: string | null;
  won: boolean;
}

function Side({ side, duel, name, won }: SideProps) {
  const { t } = useT();
  const answer = duel[side];
  const before = duel.state === "queued" || duel.state === "loading";
  const state = stateOf(duel, side);
  return (
    <SideCard side={side} className={cx(css.card, won && css.won)} aside={<AiLabel />}>
      {name && <b className={css.name}>{name}</b>}
      <div className={css.text}>
        {before ? (
          <Meter done={0} total={0} label={t(`duel.${duel.state}`)} />
        ) : (
          <Answer side={side} answer={answer} writing={duel.state === "live"} className={css.answer} />
        )}
      </div>
      <footer className={css.foot}>
        <StateMark tone={state === "done" ? "good" : state === "failed" ? "bad" : "busy"} />
        {t(`side_state.${state}`)}
        <span>{t("stage.tokens", { count: answer.tokens })}</span>
      </footer>
    </SideCard>
  );
}

function stateOf({ state, ...sides }: StageDuel, side: SideName) {
  if (state === "queued" || state === "loading" || state === "failed") return state;
  return sides[side].finished ? "done" : "writing";
}

/** Why nothing happens yet, so that the desk knows whether to wait. */
function Waits({ reason }: { reason: string }) {
  return (
    <p className={css.locked} role="status">
      <StateMark tone="busy" />
      {useReason()(reason)}
    </p>
  );
}

function Failed({ reason }: { reason: string | null }) {
  const { t } = useT();
  const told = useReason();
  return (
    <div className={css.failed} role="alert">
      <StateMark tone="bad" size={20} />
      <p>
        <b>{t("stage.failed")}</b> {t("stage.failed_text")}
        {reason && <small>{told(reason)}</small>}
      </p>
    </div>
  );
}

/** Sealed: the root is what the ledger can be checked against later. */
function Locked({ root }: { root: string | null }) {
  const { t } = useT();
  return (
    <p className={css.locked}>
      <StateMark tone="good" />
      {t("stage.locked")}
      {root && <code title={root}>{root.slice(0, 16)}…</code>}
    </p>
  );
}
