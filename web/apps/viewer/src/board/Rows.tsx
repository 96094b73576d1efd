import type { Board, BoardRow } from "@gavel/api";
import { axisOf, cx, EmptyState, IntervalBar, useEntryName } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Rows.module.css";

const HOUSE_RATING = 1000;

/** A place that the intervals leave open is a range. */
export const place = ({ rank, rank_to }: BoardRow) =>
  rank == null ? "–" : rank_to == null || rank_to === rank ? `${rank}` : `${rank}–${rank_to}`;

/** "1139 ± 71" when the interval is even, "1139 +80 −60" when it is not. */
export function interval(row: BoardRow): string {
  if (row.rating == null || row.lo == null || row.hi == null) return "";
  const [up, down] = [Math.round(row.hi - row.rating), Math.round(row.rating - row.lo)];
  return up === down ? `± ${up}` : `+${up} −${down}`;
}

interface RowsProps {
  board: Board;
  /** The first so many; all when left out. */
  limit?: number;
  className?: string | undefined;
}

/** The board as a list: rank, name, rating with its interval on one common axis. */
export function Rows({ board, limit, className }: RowsProps) {
  const { t } = useT();
  const nameOf = useEntryName();
  if (board.closed && board.rows.length === 0)
    return <EmptyState title={t("board.closed")}>{t("board.closed_text")}</EmptyState>;
  if (board.rows.length === 0) return <EmptyState title={t("board.empty")}>{t("board.empty_text")}</EmptyState>;
  const axis = axisOf(board.rows, [HOUSE_RATING]);
  return (
    <ol className={cx(css.rows, className)}>
      {board.closed && <li className={css.sealed}>{t("board.sealed", { count: board.sealed.length })}</li>}
      {board.rows.slice(0, limit).map((row) => (
        <li key={row.entry_id} className={cx(css.row, row.rank === 1 && css.first)}>
          <span className={css.rank}>{row.rank ?? "–"}</span>
          <span className={css.name}>{nameOf(row)}</span>
          <span className={css.rating}>
            {row.rating == null ? (
              <small>{t("board.pending")}</small>
            ) : (
              <>
                <b>{Math.round(row.rating)}</b> <small>{interval(row)}</small>
              </>
            )}
          </span>
          {row.rating != null && row.lo != null && row.hi != null && (
            <IntervalBar
              className={css.bar}
              value={row.rating}
              lo={row.lo}
              hi={row.hi}
              axis={axis}
              base={HOUSE_RATING}
              tone={row.rank === 1 ? "#8d6f2c" : undefined}
            />
          )}
        </li>
      ))}
    </ol>
  );
}
