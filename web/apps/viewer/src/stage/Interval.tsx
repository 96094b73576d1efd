import type { Board } from "@gavel/api";
import { cx, Mark } from "@gavel/ui";
import { Qr } from "@gavel/ui/qr";
import { Rows } from "../board/Rows";
import { useT } from "../i18n";
import css from "./Interval.module.css";
import type { StageProps } from "./StagePage";

const PLACES = 6;

/** The board at its full height: every interval on one axis. */
export function Column({ board }: { board: Board | null }) {
  const { t } = useT();
  return (
    <aside className={css.column}>
      <h2>{t("stage.board")}</h2>
      <p className={css.kicker}>{t("board.kicker")}</p>
      {board && <Rows board={board} limit={PLACES} className={css.rows} />}
      {board?.close_call && <p className={css.close}>{t("board.close")}</p>}
    </aside>
  );
}

/** Before a round: who we are, how to get in. */
export function Idle({ stage, board, joinUrl, polls }: StageProps) {
  const { t } = useT();
  return (
    <main className={css.interval}>
      <section className={cx(css.card, polls !== null && css.asking)}>
        <p className={css.next}>{t("stage.next")}</p>
        <h2 className={css.title}>{stage.episode.title}</h2>
        {polls ?? (
          <div className={css.join}>
            <Qr text={joinUrl} label={joinUrl} className={css.qr} />
            <p>
              {t("stage.scan")}
              <b>{stage.episode.code}</b>
              <span>{joinUrl.replace(/^https?:\/\//, "").replace(/\/s\/.*$/, "")}</span>
            </p>
          </div>
        )}
      </section>
      <Column board={board} />
    </main>
  );
}

export function Finished({ board, polls }: StageProps) {
  const { t } = useT();
  return (
    <main className={css.interval}>
      <section className={cx(css.card, polls !== null && css.asking)}>
        <Mark size={220} className={css.mark} />
        <h2 className={css.title}>{t("finished.title")}</h2>
        <p className={css.thanks}>{t("finished.text")}</p>
        {polls}
      </section>
      <Column board={board} />
    </main>
  );
}
