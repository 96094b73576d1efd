import { api } from "@gavel/api";
import { Confirm, Pill, SmallButton, useTimes } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { BOARD, useBoard } from "../app/queries";
import { useT } from "../i18n";
import { Curtain } from "./Curtain";
import css from "./Episodes.module.css";

/** What the public board shows, and the hand that holds it still. */
export function BoardCard() {
  const { t } = useT();
  const { clock } = useTimes();
  const queries = useQueryClient();
  const board = useBoard();
  const freeze = useMutation({
    mutationFn: (frozen: boolean) => api.post("/api/leaderboard/freeze", { body: { frozen } }),
    onSuccess: (fresh) => queries.setQueryData(BOARD, fresh),
    onSettled: () => setAsking(false),
  });
  const [asking, setAsking] = useState(false);
  const data = board.data;
  const state = data?.closed ? "closed" : data?.frozen ? "frozen" : "moving";
  return (
    <Card>
      <div className={css.headline}>
        <h2 className={css.heading}>{t("board.title")}</h2>
        {data && <Pill tone={state === "moving" ? "good" : "warn"}>{t(`board.${state}`)}</Pill>}
      </div>
      {board.isPending && !board.error && <Loading />}
      {board.error && <ErrorNote error={board.error} />}
      {data && (
        <>
          <p className={css.mute}>{t(`board.${state}_text`)}</p>
          <p className={css.mute}>{t("board.from", { count: data.duels, time: clock(data.computed_at) })}</p>
          <div className={css.row}>
            {!data.closed && (
              // Never disabled: it would lose the focus, and freezing twice is freezing once.
              <SmallButton onClick={() => (data.frozen ? setAsking(true) : freeze.mutate(true))}>
                {t(data.frozen ? "board.unfreeze" : "board.freeze")}
              </SmallButton>
            )}
            <Curtain board={data} />
            <a className={css.out} href="/board" target="_blank" rel="noreferrer">
              {t("board.open")}
            </a>
          </div>
        </>
      )}
      {freeze.error && <ErrorNote error={freeze.error} />}
      {asking && (
        <Confirm
          title={t("board.thaw_title")}
          action={t("board.unfreeze")}
          tone="gold"
          busy={freeze.isPending}
          onConfirm={() => freeze.mutate(false)}
          onClose={() => setAsking(false)}
        >
          {t("board.thaw_text")}
        </Confirm>
      )}
    </Card>
  );
}
