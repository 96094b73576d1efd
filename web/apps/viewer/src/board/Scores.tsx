import type { BoardRow, EpisodeBoard } from "@gavel/api";
import { half } from "@gavel/ui/interval";
import { useT } from "./i18n";
import css from "./Scores.module.css";

/** Beside the rating: accuracy, speed and what all of it comes to, each with its interval or the reason for none. */
export function Scores({ row }: { row: BoardRow }) {
  const { t, number } = useT();
  const { accuracy, overall } = row;
  const percent = (value: number) => number(value, { style: "percent", maximumFractionDigits: 1 });
  const digits = useDigits();
  return (
    <dl className={css.scores}>
      <div>
        <dt>{t("boards.accuracy")}</dt>
        <dd>
          {accuracy ? (
            <>
              <b>{percent(accuracy.value)}</b>{" "}
              <small>{accuracy.stderr === null ? t("boards.by_hand") : `± ${percent(half(accuracy.stderr))}`}</small>
            </>
          ) : (
            <small>{t("board.none")}</small>
          )}
        </dd>
      </div>
      <Speed speed={row.speed} />
      <div>
        <dt>{t("boards.overall")}</dt>
        <dd>
          {overall ? (
            <>
              <b>{digits(overall.value, 1)}</b>{" "}
              {overall.lo !== null && overall.hi !== null && (
                <small>
                  {digits(overall.lo, 1)}–{digits(overall.hi, 1)}
                </small>
              )}
            </>
          ) : (
            <small>
              {row.missing?.length
                ? t("boards.missing", {
                    axes: row.missing.map((axis) => t(`boards.axis.${axis}`)).join(t("boards.and")),
                  })
                : t("board.none")}
            </small>
          )}
        </dd>
      </div>
    </dl>
  );
}

/** What an episode has to say: how often the entry was on stage, and how fast it was by then. */
export function EpisodeScores({ row }: { row: EpisodeBoard["rows"][number] }) {
  const { t, number } = useT();
  return (
    <dl className={css.scores}>
      <div>
        <dt>{t("boards.on_stage")}</dt>
        <dd>
          <b>{number(row.duels)}</b>
        </dd>
      </div>
      <Speed speed={row.speed} />
    </dl>
  );
}

function Speed({ speed }: Pick<BoardRow, "speed">) {
  const { t } = useT();
  const digits = useDigits();
  return (
    <div>
      <dt>{t("boards.speed")}</dt>
      <dd>
        {speed ? (
          <>
            <b>{t("boards.times", { value: digits(speed.ratio, 2) })}</b>{" "}
            <small>
              {speed.lo !== null && speed.hi !== null && `${digits(speed.lo, 2)}–${digits(speed.hi, 2)}`}
              {speed.rehearsal && ` ${t("boards.rehearsal")}`}
            </small>
          </>
        ) : (
          <small>{t("board.none")}</small>
        )}
      </dd>
    </div>
  );
}

function useDigits() {
  const { number } = useT();
  return (value: number, count: number) =>
    number(value, { minimumFractionDigits: count, maximumFractionDigits: count });
}
