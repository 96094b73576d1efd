import type { Decision, ProgramDuel, ProgramSide, SideName, Steer } from "@gavel/api";
import { Meter, Pill, SmallButton, StateMark, type Tone, useTimes } from "@gavel/desk";
import { cx, ErrorNote, SideCard, useRemaining } from "@gavel/ui";
import { useT } from "../i18n";
import { layersOf } from "./layers";
import css from "./Program.module.css";
import { DUMP_KEY, useDumpKey, useSteer } from "./useSteer";

const SIDES = ["left", "right"] as const;

interface PanelProps {
  duel: ProgramDuel;
  /** Whether the show is still at this duel: after that only a card can stand in for an answer. */
  steerable: boolean;
  serverNow: () => number;
}

/** The preview: what is about to go on air, and the hands that can stop it. */
export function ProgramPanel({ duel, steerable, serverNow }: PanelProps) {
  const { t } = useT();
  const steer = useSteer(duel.duel_id);
  const dumped = SIDES.every((side) => duel[side].air === "dumped");
  const dumpable = steerable && !dumped;
  const dump = () => dumpable && steer.mutate({ action: "dump" });
  useDumpKey(dump);
  const down = turnsOf(duel).some((turn) => SIDES.some((side) => turn[side].air === "flowing" && turn[side].unjudged));
  return (
    <section className={css.panel} aria-label={t("program.label")}>
      <header className={css.head}>
        <h2>{t("program.title")}</h2>
        <p>{t("program.hold", { count: duel.hold_seconds })}</p>
        <button
          type="button"
          className={css.dump}
          aria-disabled={!dumpable}
          aria-keyshortcuts={DUMP_KEY}
          onClick={dump}
          onKeyDown={(event) => event.repeat && event.preventDefault()}
        >
          <b>{t(dumped ? "program.dumped" : "program.dump")}</b>
          {dumpable && <kbd>{DUMP_KEY}</kbd>}
        </button>
      </header>
      {down && (
        <p className={css.down} role="alert">
          <StateMark tone="bad" size={20} />
          {t("program.down")}
        </p>
      )}
      {steer.error && <ErrorNote error={steer.error} />}
      {turnsOf(duel).map((turn) => (
        <section key={turn.turn} aria-label={t("turns.turn", { turn: turn.turn })}>
          {duel.turns > 1 && (
            <h3 className={css.turn}>
              {t("turns.turn", { turn: turn.turn })} · {t(`program.turn.${placeOf(duel, turn.turn)}`)}
            </h3>
          )}
          <div className={css.pair}>
            {SIDES.map((side) => (
              <Preview
                key={side}
                name={side}
                side={turn[side]}
                began={duel.state === "live" || duel.state === "answered"}
                act={(action) => steer.mutate({ action, side, turn: turn.turn })}
                {...{ steerable, serverNow }}
              />
            ))}
          </div>
        </section>
      ))}
      <div aria-live="polite">
        <Decisions rows={duel.decisions} turns={duel.turns} />
      </div>
    </section>
  );
}

/** The turn on air first, then what waits behind it, then what is over, the newest first. */
function turnsOf(duel: ProgramDuel) {
  return [{ turn: duel.turn, left: duel.left, right: duel.right }, ...duel.ahead, ...[...duel.earlier].reverse()];
}

function placeOf(duel: ProgramDuel, turn: number) {
  if (turn === duel.turn) return "now";
  return turn > duel.turn ? "ahead" : "over";
}

const TONES: Record<ProgramSide["air"], Tone> = {
  flowing: "busy",
  held: "warn",
  aired: "good",
  replaced: "bad",
  dumped: "bad",
};

interface PreviewProps {
  name: SideName;
  side: ProgramSide;
  began: boolean;
  steerable: boolean;
  serverNow: () => number;
  act: (action: Steer["action"]) => void;
}

function Preview({ name, side, began, steerable, serverNow, act }: PreviewProps) {
  const { t } = useT();
  const { aired, cleared, unread } = layersOf(side);
  const held = side.air === "held";
  const waiting = side.air === "flowing" || held;
  const gone = side.air === "replaced" || side.air === "dumped";
  return (
    <SideCard
      side={name}
      className={css.card}
      aside={<Pill tone={TONES[side.air]}>{t(`program.air.${side.air}`)}</Pill>}
    >
      <p className={cx(css.text, gone && css.gone)}>
        <span>{aired}</span>
        {waiting && (
          <i className={css.here}>
            <span>{t("program.here")}</span>
          </i>
        )}
        <span className={css.cleared}>{cleared}</span>
        <span className={css.unread}>{unread}</span>
        {!began && <span className={css.unread}>{t("program.nothing")}</span>}
      </p>
      <footer className={css.foot}>
        <Meter done={side.aired} total={Math.max(1, side.tokens)} label={t("program.meter")} />
        <p>
          <span>{t("program.count", { aired: side.aired, tokens: side.tokens })}</span>
          {waiting && <Next {...{ side, serverNow }} />}
        </p>
        <div className={css.acts}>
          <SmallButton
            aria-pressed={held}
            disabled={!steerable || !waiting}
            onClick={() => act(held ? "release" : "hold")}
          >
            {t(held ? "program.release" : "program.hold_it")}
          </SmallButton>
          <SmallButton tone="danger" disabled={gone} onClick={() => act("replace")}>
            {t("program.replace")}
          </SmallButton>
        </div>
      </footer>
    </SideCard>
  );
}

/** When the buffer gives its next word: a countdown, or why there is none. */
function Next({ side, serverNow }: { side: ProgramSide; serverNow: () => number }) {
  const { t } = useT();
  const left = useRemaining(side.next_at, serverNow);
  if (side.air === "held" && side.cleared <= side.on_air) return <b>{t("program.waits")}</b>;
  if (side.next_at === null) return <span>{t("program.empty")}</span>;
  return <b>{left > 0 ? t("program.next", { count: Math.ceil(left / 1000) }) : t("program.pace")}</b>;
}

/** What moderation found and what people did, the newest first. */
function Decisions({ rows, turns }: { rows: Decision[]; turns: number }) {
  const { t } = useT();
  const { clock } = useTimes();
  if (rows.length === 0) return <p className={css.none}>{t("program.no_decisions")}</p>;
  return (
    <ol className={css.decisions} aria-label={t("program.decisions")}>
      {[...rows].reverse().map((row) => (
        <li key={`${row.at} ${row.turn} ${row.side} ${row.action}`}>
          <time>{clock(Date.parse(row.at))}</time>
          {turns > 1 && <span>{t("turns.turn", { turn: row.turn })}</span>}
          <b>{t(`side.${row.side}`)}</b>
          <span>{t(`program.did.${row.action}`)}</span>
          <span>{row.by ?? t("program.moderation")}</span>
          {row.category && <code>{row.category}</code>}
          {row.reason && <span>{row.reason}</span>}
        </li>
      ))}
    </ol>
  );
}
