import { PageHead } from "@gavel/desk";
import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { Calibrations } from "./Calibrations";
import { Decisions } from "./Decisions";
import { Order } from "./Order";
import { Queue } from "./Queue";
import { Runs } from "./Runs";

/** All benchmark runs of the season: order some, see what waits and why, decide about scores. */
export function BenchPage() {
  const { t } = useT();
  const [said, say] = useState<{ what: string } | null>(null);
  const news = useRef<HTMLParagraphElement>(null);
  const tell = (what: string) => say({ what });
  useEffect(() => {
    // What was decided about takes its buttons with it, and the focus must not go with them. An effect: as long as the
    // dialog is open nothing behind it can have the focus, and it gives it back to the button when it closes.
    if (said) news.current?.focus();
  }, [said]);
  return (
    <>
      <PageHead title={t("bench.title")}>{t("bench.lead")}</PageHead>
      <p ref={news} className={css.news} role="status" tabIndex={-1}>
        {said?.what}
      </p>
      <Order onDone={tell} />
      <Queue onDone={tell} />
      <Runs onDone={tell} />
      <Calibrations onDone={tell} />
      <Decisions />
    </>
  );
}
