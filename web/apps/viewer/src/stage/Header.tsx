import type { Stage } from "@gavel/api";
import { cx, Mark, useTurn } from "@gavel/ui";
import { useEffect, useState } from "react";
import { useT } from "../i18n";
import css from "./Header.module.css";
import { textWidth } from "./textWidth";

const LONG_PROMPT = 50;

/** The time of day in the hall, by the server's clock. */
function Clock({ serverNow }: { serverNow: () => number }) {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1_000);
    return () => clearInterval(timer);
  }, [serverNow]);
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(now);
  return <time className={css.clock}>{time}</time>;
}

/** Which episode, which prompt, what time; red while the show is on. */
export function Header({ stage, serverNow }: { stage: Stage; serverNow: () => number }) {
  const { t } = useT();
  const { episode, phase } = stage;
  const duel = phase === "finished" ? null : stage.duel;
  // Between rounds the page itself says the title, large.
  const title = duel?.asked ?? t("brand");
  const turn = useTurn(duel ?? { kind: "single", turn: 1, turns: 1 });
  const place = [t("show.episode", { number: episode.number }), duel ? episode.title : null];
  return (
    <header className={css.header}>
      <Mark size={68} className={css.mark} />
      <div className={css.words}>
        <p className={css.place}>
          {place.filter(Boolean).join(" · ")}
          {duel && <b> · {[t("show.duel", { number: duel.number }), turn].filter(Boolean).join(" · ")}</b>}
        </p>
        <h1 className={cx(css.title, textWidth(title) > LONG_PROMPT && css.long)}>{title}</h1>
      </div>
      <div className={css.right}>
        {phase !== "finished" && (
          <p className={css.live}>
            <i aria-hidden="true" />
            {t("show.live")}
          </p>
        )}
        <Clock serverNow={serverNow} />
      </div>
    </header>
  );
}
