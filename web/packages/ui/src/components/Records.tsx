import { cx } from "../cx";
import { useT } from "../i18n";
import css from "./Records.module.css";

interface RecordsProps {
  /** A revealed duel. */
  duel: { id: string; turns: number };
  episode: string;
  /** Whoever looks sees the answers the other way round: his left is the file of the right. */
  mirrored?: boolean;
  className?: string | undefined;
}

const SIDES = ["left", "right"] as const;
const OTHER = { left: "right", right: "left" } as const;

/** How each answer came about, as files that anybody can keep and check. */
export function Records({ duel, episode, mirrored = false, className }: RecordsProps) {
  const { t } = useT();
  const turns = Array.from({ length: duel.turns }, (_, index) => index + 1);
  const name = (turn: number, side: (typeof SIDES)[number]) =>
    duel.turns > 1 ? `${t("turns.turn", { turn })} · ${t(`records.${side}`)}` : t(`records.${side}`);
  return (
    <nav className={cx(css.records, className)} aria-label={t("records.title")}>
      <p>{t("records.text")}</p>
      <ul>
        <li>
          {/* Of the audience's app, wherever this stands. */}
          <a href={`/duel/${duel.id}`}>{t("records.trace")}</a>
        </li>
        {turns.flatMap((turn) =>
          SIDES.map((side) => (
            <li key={`${turn} ${side}`}>
              <a
                href={`/api/duels/${duel.id}/answers/${mirrored ? OTHER[side] : side}.json${turn > 1 ? `?turn=${turn}` : ""}`}
                download
              >
                {name(turn, side)}
              </a>
            </li>
          )),
        )}
        <li>
          <a href={`/api/episodes/${episode}/provenance.json`} download>
            {t("records.episode")}
          </a>
        </li>
      </ul>
    </nav>
  );
}
