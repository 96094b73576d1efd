import { api, type Board } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { BOARD } from "../app/queries";
import { useT } from "../i18n";
import css from "./Episodes.module.css";

type Way = "one_by_one" | "top_three" | "all";

/** Closes the board, and opens it again place by place. */
export function Curtain({ board }: { board: Board }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  /** In which way it has begun; after a reload, and for a second producer, the portal's refusal says it. */
  const [way, setWay] = useState<Way>("one_by_one");
  const settled = { onSuccess: (fresh: Board) => queries.setQueryData(BOARD, fresh) };
  const close = useMutation({
    mutationFn: () => api.post("/api/leaderboard/close", {}),
    ...settled,
    onSettled: () => setAsking(false),
  });
  const shown = board.rows.length;
  const reveal = useMutation({
    mutationFn: (staging: Way) => api.post("/api/leaderboard/reveal", { body: { staging, shown } }),
    ...settled,
    onError: () => queries.invalidateQueries({ queryKey: BOARD }),
  });
  const begin = (chosen: Way) => {
    setWay(chosen);
    reveal.mutate(chosen);
  };
  const error = close.error ?? reveal.error;
  return (
    <>
      {!board.closed && <SmallButton onClick={() => setAsking(true)}>{t("board.close")}</SmallButton>}
      {board.closed && shown === 0 && (
        <>
          <SmallButton onClick={() => begin("one_by_one")}>{t("board.from_last")}</SmallButton>
          <SmallButton onClick={() => begin("top_three")}>{t("board.top_three")}</SmallButton>
        </>
      )}
      {board.closed && shown > 0 && (
        <>
          <span className={css.mute}>{t("board.revealed", { shown, total: shown + board.sealed.length })}</span>
          <SmallButton onClick={() => reveal.mutate(board.staging ?? way)}>{t("board.next")}</SmallButton>
        </>
      )}
      {board.closed && <SmallButton onClick={() => reveal.mutate("all")}>{t("board.all")}</SmallButton>}
      {error && <ErrorNote error={error} />}
      {asking && (
        <Confirm
          title={t("board.close_title")}
          action={t("board.close")}
          tone="gold"
          busy={close.isPending}
          onConfirm={() => close.mutate()}
          onClose={() => setAsking(false)}
        >
          {t("board.close_text")}
        </Confirm>
      )}
    </>
  );
}
