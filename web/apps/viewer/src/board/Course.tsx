import { api, type BoardHistory } from "@gavel/api";
import { ErrorNote, useEntryName } from "@gavel/ui";
import { Scroll } from "@gavel/ui/scroll";
import { useLoad } from "../shared/load";
import css from "./Course.module.css";
import { useT } from "./i18n";

const [WIDTH, HEIGHT, EDGE] = [720, 260, 14];
const COLOURS = ["#d9b25f", "#6aa9ff", "#ff9a4d", "#7fd1a0", "#c79bff", "#ff8ba7", "#8fd0d8", "#b9b27a"];
/** Who is drawn; all are in the table. */
const LINES = COLOURS.length;

type Entry = BoardHistory["entries"][number];

/** Those that stand highest at the end, best first. */
export function leaders({ entries, moments }: BoardHistory): Entry[] {
  const last = moments.at(-1)?.ratings ?? {};
  const at = (entry: Entry) => last[entry.entry_id] ?? Number.NEGATIVE_INFINITY;
  return [...entries].sort((one, other) => at(other) - at(one));
}

/** Points of one line; a moment without a rating has none. */
export function line({ moments }: BoardHistory, entry: string, min: number, max: number): string {
  const across = (WIDTH - 2 * EDGE) / Math.max(1, moments.length - 1);
  return moments
    .flatMap(({ ratings }, index) => {
      const rating = ratings[entry];
      if (rating === undefined) return [];
      const y = HEIGHT - EDGE - ((rating - min) / (max - min || 1)) * (HEIGHT - 2 * EDGE);
      return [`${(EDGE + index * across).toFixed(1)},${y.toFixed(1)}`];
    })
    .join(" ");
}

/** How the ratings of the season have moved: lines that draw themselves, and a table that says the same. */
export function Course({ version }: { version: number }) {
  const { t } = useT();
  const history = useLoad(`history ${version}`, () => api.get("/api/leaderboard/history"));
  if (history.error) return <ErrorNote error={history.error} retry={history.retry} />;
  if (!history.data || history.data.moments.length < 2) return null;
  return (
    <section className={css.course} aria-labelledby="course">
      <h2 id="course">{t("boards.course")}</h2>
      <Lines history={history.data} />
      <Table history={history.data} />
    </section>
  );
}

function Lines({ history }: { history: BoardHistory }) {
  const nameOf = useEntryName();
  const drawn = leaders(history).slice(0, LINES);
  const values = history.moments.flatMap(({ ratings }) => drawn.flatMap((one) => ratings[one.entry_id] ?? []));
  const [min, max] = [Math.min(...values), Math.max(...values)];
  return (
    <>
      <svg className={css.drawing} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        {drawn.map((one, index) => (
          <polyline
            key={one.entry_id}
            points={line(history, one.entry_id, min, max)}
            stroke={COLOURS[index]}
            strokeDasharray={one.kind === "house" ? "6 6" : undefined}
            pathLength={one.kind === "house" ? undefined : 1}
            className={one.kind === "house" ? undefined : css.moving}
          />
        ))}
      </svg>
      <ol className={css.names} aria-hidden="true">
        {drawn.map((one, index) => (
          <li key={one.entry_id}>
            <i style={{ background: COLOURS[index] }} />
            {nameOf(one)} <b>{Math.round(history.moments.at(-1)?.ratings[one.entry_id] ?? 0) || "–"}</b>
          </li>
        ))}
      </ol>
    </>
  );
}

function Table({ history }: { history: BoardHistory }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const entries = leaders(history);
  return (
    <details className={css.table}>
      <summary>{t("boards.course_table")}</summary>
      <Scroll label={t("boards.course")}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t("boards.course_at")}</th>
              {entries.map((one) => (
                <th key={one.entry_id} scope="col">
                  {nameOf(one)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {history.moments.map(({ snapshot_id, duels, ratings }) => (
              <tr key={snapshot_id}>
                <th scope="row">
                  <a href={`/api/ratings/snapshots/${snapshot_id}`}>{t("boards.course_duels", { count: duels })}</a>
                </th>
                {entries.map((one) => {
                  const rating = ratings[one.entry_id];
                  return <td key={one.entry_id}>{rating === undefined ? "–" : Math.round(rating)}</td>;
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}
