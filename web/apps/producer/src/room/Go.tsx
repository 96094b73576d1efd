import type { Command } from "@gavel/api";
import { clockText, cx, useRemaining } from "@gavel/ui";
import { useEffect, useState } from "react";
import { useT } from "../i18n";
import css from "./Bar.module.css";
import { Guard } from "./guard";
import type { Next } from "./next";
import { useSpace } from "./useSpace";

const ARMED_MS = 4_000;

interface GoProps {
  next: Next;
  seconds: number;
  version: number;
  busy: boolean;
  /** While a vote is open: when it closes by itself, for the viewers and then for the judges. */
  closesAt: string | null;
  serverNow: () => number;
  onGo: (command: Command) => void;
}

/** The big gold button. It says what it will do, or what is missing; the space bar presses it too. */
export function Go({ next, seconds, version, busy, closesAt, serverNow, onGo }: GoProps) {
  const { t } = useT();
  const { step, command, why } = next;
  const meaning = `${version} ${step}`;
  const [guard] = useState(() => new Guard());
  useEffect(() => guard.means(meaning), [guard, meaning]);
  const remaining = useRemaining(closesAt, serverNow);
  const early = step === "lock" && remaining > 0;
  const [armed, arm] = useArmed(meaning);
  const press = () => {
    if (command === null || busy || !guard.press()) return;
    // Votes that have not come in yet are lost by an early lock: one press more than for anything else.
    if (early && !armed) arm();
    else onGo(command);
  };
  useSpace(press);
  const off = command === null || busy;
  const words =
    early && armed ? t("go.lock_sure") : t(`go.${step}`, { seconds: Number.isFinite(seconds) ? seconds : 0 });
  return (
    // Not `disabled`: a button that loses the focus at every step would leave the keyboard behind.
    <button
      type="button"
      className={cx(css.go, off && css.off, early && armed && css.armed)}
      aria-disabled={off}
      aria-keyshortcuts="Space"
      onClick={press}
      // Browsers click again and again while Enter is held: leaning on it must not lock and then reveal.
      onKeyDown={(event) => event.repeat && event.preventDefault()}
    >
      <span className={css.what}>
        <b>
          {step !== "over" && "GO → "}
          {words}
        </b>
        {why && <small>{t(`go.why.${why}`)}</small>}
        {!why && busy && <small>{t("go.busy")}</small>}
        {!why && !busy && early && <small>{t("go.lock_time", { left: clockText(remaining) })}</small>}
      </span>
      <span className={css.key} aria-hidden="true">
        <kbd>{t("go.space")}</kbd>
      </span>
    </button>
  );
}

/** A first press that holds for a few seconds, and only as long as the button means the same. */
function useArmed(meaning: string) {
  const [armed, setArmed] = useState<string | null>(null);
  useEffect(() => {
    if (armed === null) return;
    const timer = setTimeout(() => setArmed(null), ARMED_MS);
    return () => clearTimeout(timer);
  }, [armed]);
  return [armed === meaning, () => setArmed(meaning)] as const;
}
