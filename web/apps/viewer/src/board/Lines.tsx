import type { BoardRow } from "@gavel/api";
import { type Axis, axisOf, cx, IntervalBar, Link, useEntryName } from "@gavel/ui";
import type { ReactNode } from "react";
import { useT } from "./i18n";
import css from "./Lines.module.css";
import { interval, leads, Place } from "./Rows";

const HOUSE_RATING = 1000;

/** What the season's board and an episode's have in common. */
type LineRow = Pick<BoardRow, "entry_id" | "name" | "kind" | "rank" | "rank_to" | "rating" | "lo" | "hi">;

/** Round ratings that divide the axis in about five. */
export function ticks({ min, max }: Axis): number[] {
  const step = [10, 20, 25, 50, 100, 200, 250, 500].find((size) => (max - min) / size <= 6) ?? 1000;
  const first = Math.ceil(min / step) * step;
  return Array.from({ length: Math.floor((max - first) / step) + 1 }, (_, index) => first + index * step);
}

interface LinesProps<Row> {
  rows: Row[];
  /** Between the heads and the first row. */
  above?: ReactNode;
  /** Under the interval of each row. */
  under: (row: Row) => ReactNode;
}

/** A board at full width: each row with its interval on one common axis, and the way to where it comes from. */
export function Lines<Row extends LineRow>({ rows, above, under }: LinesProps<Row>) {
  const { t } = useT();
  const axis = axisOf(rows, [HOUSE_RATING]);
  const rated = rows.some((row) => row.lo !== null);
  return (
    <>
      <div className={cx(css.row, css.heads)} aria-hidden="true">
        <span>{t("board.rank")}</span>
        <span>{t("boards.entry")}</span>
        <span className={css.rating}>{t("board.rating")}</span>
        {rated ? <Scale axis={axis} /> : <span />}
      </div>
      {above}
      <ol>
        {rows.map((row) => (
          <Line key={row.entry_id} row={row} axis={axis} first={leads(row, rows)}>
            {under(row)}
          </Line>
        ))}
      </ol>
    </>
  );
}

function Scale({ axis }: { axis: Axis }) {
  return (
    <span className={css.scale} aria-hidden="true">
      {ticks(axis).map((rating) => (
        <i key={rating} style={{ left: `${(100 * (rating - axis.min)) / (axis.max - axis.min)}%` }}>
          {rating}
        </i>
      ))}
    </span>
  );
}

interface LineProps {
  row: LineRow;
  axis: Axis;
  first: boolean;
  children: ReactNode;
}

function Line({ row, axis, first, children }: LineProps) {
  const { t } = useT();
  const nameOf = useEntryName();
  return (
    <li className={cx(css.row, first && css.first)}>
      <Place row={row} className={css.rank} />
      <b className={css.name}>
        <Link to={`/entry/${row.entry_id}`}>{nameOf(row)}</Link>
      </b>
      <span className={css.rating}>
        {/* On a wide page the heads above say it for the eye; a screen reader needs it in each line. */}
        <span className="hidden">{t("board.rating")} </span>
        {row.rating == null ? (
          <small>{t("board.pending")}</small>
        ) : (
          <>
            <b>{Math.round(row.rating)}</b>
            <small>{interval(row)}</small>
          </>
        )}
      </span>
      <span className={css.bar}>
        {row.rating != null && row.lo != null && row.hi != null && (
          <IntervalBar
            value={row.rating}
            lo={row.lo}
            hi={row.hi}
            axis={axis}
            base={HOUSE_RATING}
            tone={first ? "#8d6f2c" : undefined}
          />
        )}
      </span>
      <div className={css.under}>{children}</div>
    </li>
  );
}
