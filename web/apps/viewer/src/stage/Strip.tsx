import type { Board } from "@gavel/api";
import { axisOf, cx, IntervalBar, useEntryName } from "@gavel/ui";
import { leads, Place } from "../board/Rows";
import { useT } from "../i18n";
import css from "./Strip.module.css";

const PLACES = 5;

/** The board as a ticker under the answers: the first five, intervals on one axis. */
export function Strip({ board }: { board: Board }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const axis = axisOf(board.rows, [1000]);
  const rated = board.rows.some((row) => row.lo !== null);
  return (
    <aside className={css.strip}>
      <h2>
        {t("stage.board")}
        <small>± 95%</small>
      </h2>
      {!rated && <p className={css.empty}>{t(board.closed ? "board.closed" : "board.empty_text")}</p>}
      <ol>
        {rated &&
          board.rows.slice(0, PLACES).map((row) => (
            <li key={row.entry_id} className={cx(css.cell, leads(row, board.rows) && css.first)}>
              <Place row={row} className={css.rank} />
              <span className={css.name}>{nameOf(row)}</span>
              <b>{row.rating == null ? "–" : Math.round(row.rating)}</b>
              {row.rating != null && row.lo != null && row.hi != null && (
                <IntervalBar
                  className={css.bar}
                  value={row.rating}
                  lo={row.lo}
                  hi={row.hi}
                  axis={axis}
                  base={1000}
                  tone={leads(row, board.rows) ? "#8d6f2c" : undefined}
                />
              )}
            </li>
          ))}
      </ol>
    </aside>
  );
}
