import { ApiError, type Trace } from "@gavel/api";
import { Button, EmptyState, ErrorNote, Link, Loading, Mark, OtherLanguage } from "@gavel/ui";
import { useEffect, useState } from "react";
import { useT } from "./i18n";
import { Side } from "./Side";
import css from "./TracePage.module.css";
import { isSealed, useTrace } from "./useTrace";

const SIDES = ["left", "right"] as const;

/** A revealed duel for whoever wants to look closer: how sure both models were, what they nearly said, where they looked. */
export default function TracePage({ duel }: { duel: string }) {
  const { t } = useT();
  const [turn, choose] = useState(1);
  const { data, error, retry } = useTrace(duel, turn);
  useEffect(() => {
    document.title = `${t("trace.title")} · Gavel`;
  }, [t]);
  return (
    <div className={css.page}>
      <header className={css.top}>
        <Link to="/" aria-label={t("trace.back")} className={css.home}>
          <Mark size={40} />
        </Link>
        <h1>{t("trace.title")}</h1>
        <OtherLanguage />
      </header>
      <main className={css.main}>
        {data ? <Both trace={data} choose={choose} /> : <Instead error={error} retry={retry} />}
      </main>
      <footer className={css.bottom}>
        <Link to="/">{t("trace.back")}</Link>
      </footer>
    </div>
  );
}

function Both({ trace, choose }: { trace: Trace; choose: (turn: number) => void }) {
  const { t, number } = useT();
  return (
    <>
      <p className={css.kicker}>{t("trace.duel", { number: trace.number })}</p>
      {trace.turns > 1 && <Turns trace={trace} choose={choose} />}
      <p className={css.prompt}>{trace.prompt}</p>
      <p className={css.note}>{t("trace.lead")}</p>
      <div className={css.sides}>
        {SIDES.map((side) => (
          <Side key={`${side} ${trace.turn}`} trace={trace} side={side} />
        ))}
      </div>
      <p className={css.note}>{t("trace.own", { temperature: number(trace.temperature) })}</p>
    </>
  );
}

function Turns({ trace, choose }: { trace: Trace; choose: (turn: number) => void }) {
  const { t } = useT();
  return (
    <nav className={css.turns} aria-label={t("trace.turns")}>
      {Array.from({ length: trace.turns }, (_, index) => (
        <Button
          key={String(index)}
          aria-current={trace.turn === index + 1 ? "step" : undefined}
          onClick={() => choose(index + 1)}
        >
          {t("turns.turn", { turn: index + 1 })}
        </Button>
      ))}
    </nav>
  );
}

function Instead({ error, retry }: { error: unknown; retry: () => void }) {
  const { t } = useT();
  if (!error) return <Loading />;
  if (isSealed(error))
    return (
      <EmptyState icon={<Mark size={72} />} title={t("trace.sealed")}>
        {t("trace.sealed_text")}
      </EmptyState>
    );
  // An address that is no id is as little of a duel as one that nobody has.
  if (error instanceof ApiError && (error.status === 404 || error.status === 422))
    return (
      <EmptyState icon={<Mark size={72} />} title={t("trace.missing")}>
        {t("trace.missing_text")}
      </EmptyState>
    );
  return <ErrorNote error={error} retry={retry} />;
}
