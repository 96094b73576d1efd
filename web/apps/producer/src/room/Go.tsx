import type { Command } from "@gavel/api";
import { cx } from "@gavel/ui";
import { useEffect, useEffectEvent, useState } from "react";
import { useT } from "../i18n";
import css from "./Bar.module.css";
import { Guard, isGo } from "./guard";
import type { Next } from "./next";

interface GoProps {
  next: Next;
  seconds: number;
  version: number;
  busy: boolean;
  onGo: (command: Command) => void;
}

/** The big gold button. It says what it will do, or what is missing; the space bar presses it too. */
export function Go({ next, seconds, version, busy, onGo }: GoProps) {
  const { t } = useT();
  const { step, command, why } = next;
  const [guard] = useState(() => new Guard());
  useEffect(() => guard.means(`${version} ${step}`), [guard, version, step]);
  const press = () => {
    if (command !== null && !busy && guard.press()) onGo(command);
  };
  const key = useEffectEvent((event: KeyboardEvent) => {
    if (!isGo(event)) return;
    event.preventDefault();
    press();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => key(event);
    window.addEventListener("keydown", listener);
    return () => window.removeEventListener("keydown", listener);
  }, []);
  const off = command === null || busy;
  return (
    // Not `disabled`: a button that loses the focus at every step would leave the keyboard behind.
    <button
      type="button"
      className={cx(css.go, off && css.off)}
      aria-disabled={off}
      aria-keyshortcuts="Space"
      onClick={press}
    >
      <span className={css.what}>
        <b>
          {step !== "over" && "GO → "}
          {t(`go.${step}`, { seconds: Number.isFinite(seconds) ? seconds : 0 })}
        </b>
        {why && <small>{t(`go.why.${why}`)}</small>}
        {!why && busy && <small>{t("go.busy")}</small>}
      </span>
      <span className={css.key} aria-hidden="true">
        <kbd>{t("go.space")}</kbd>
      </span>
    </button>
  );
}
