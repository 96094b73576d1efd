import type { Board, Stage } from "@gavel/api";
import { Link, Loading, Mark } from "@gavel/ui";
import { Rows } from "../board/Rows";
import { useT } from "../i18n";
import css from "./Rest.module.css";

function BoardCard({ board }: { board: Board | null }) {
  const { t } = useT();
  return (
    <section className={css.board}>
      <header>
        <h2>{t("board.title")}</h2>
        <p>{t("board.kicker")}</p>
      </header>
      {board ? <Rows board={board} /> : <Loading />}
      {board?.close_call && <p className={css.close}>{t("board.close")}</p>}
    </section>
  );
}

/** Between two rounds, and before the first. */
export function Idle({ stage, board }: { stage: Stage; board: Board | null }) {
  const { t } = useT();
  return (
    <main className={css.rest}>
      <div className={css.hero}>
        <Mark size={76} className={css.mark} />
        <p className={css.kicker}>{t("show.episode", { number: stage.episode.number })}</p>
        <h1>{stage.episode.title}</h1>
        <p className={css.lead}>
          <b>{board && board.duels > 0 ? t("idle.next") : t("idle.title")}</b>
          <br />
          {t("idle.text")}
        </p>
      </div>
      <BoardCard board={board} />
    </main>
  );
}

export function Finished({ episode, board }: { episode: string; board: Board | null }) {
  const { t } = useT();
  return (
    <main className={css.rest}>
      <div className={css.hero}>
        <Mark size={76} className={css.mark} />
        <h1>{t("finished.title")}</h1>
        <p className={css.lead}>{t("finished.text")}</p>
      </div>
      <BoardCard board={board} />
      <Link to={`/board/episode/${episode}`} className={css.after}>
        {t("finished.board")}
      </Link>
    </main>
  );
}

export { BoardCard };
