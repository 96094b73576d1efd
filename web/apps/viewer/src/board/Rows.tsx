import type { Board, BoardRow } from "@gavel/api";
import { axisOf, cx, EmptyState, IntervalBar, useEntryName } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Rows.module.css";

const HOUSE_RATING = 1000;

type Placed = Pick<BoardRow, "rank" | "rank_to">;
type Rated = Pick<BoardRow, "rating" | "lo" | "hi">;

/** A place that the intervals leave open is a range. */
export const place = ({ rank, rank_to }: Placed, to = "–", none = "–") =>
  rank == null ? none : rank_to == null || rank_to === rank ? `${rank}` : `${rank}${to}${rank_to}`;

/** The place for the eye, and in words for whoever listens: a dash is read out as nothing. */
export function Place({ row, className }: { row: Placed; className?: string | undefined }) {
  const { t } = useT();
  return (
    <span className={className}>
      <span aria-hidden="true">{place(row)}</span>
      <span className="hidden">
        {t("board.rank")} {place(row, ` ${t("board.to")} `, t("board.none"))}{" "}
      </span>
    </span>
  );
}

/** Gold is for who may be the first, once the intervals leave somebody behind. */
export const leads = ({ rank }: Placed, rows: Placed[]) => rank === 1 && rows.some((row) => (row.rank ?? 1) > 1);

/** "1139 ± 71" when the interval is even, "1139 +80 −60" when it is not. */
export function interval(row: Rated): string {
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
        <li key={row.entry_id} className={cx(css.row, leads(row, board.rows) && css.first)}>
          <Place row={row} className={css.rank} />
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
              tone={leads(row, board.rows) ? "#8d6f2c" : undefined}
            />
          )}
        </li>
      ))}
    </ol>
  );
}
