import { ApiError, api } from "@gavel/api";
import { SmallButton, TextField } from "@gavel/desk";
import { ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { FLAGS } from "../app/queries";
import { useT } from "../i18n";
import css from "./Similar.module.css";

const NOTE_LENGTH = 1000;

interface Props {
  flag: { id: string };
  about?: "similarity" | "contamination";
  onDone: (how: "saved" | "taken") => void;
}

/** The note is the confirmation: without one nothing is reviewed. */
export function ReviewForm({ flag, about = "similarity", onDone }: Props) {
  const { t } = useT();
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const said = note.trim();
  const review = useMutation({
    mutationFn: () =>
      api.post(`/api/${about}-flags/{flag_id}/review`, {
        params: { path: { flag_id: flag.id } },
        body: { note: said },
      }),
    onSuccess: () => onDone("saved"),
    onError: (error) => {
      if (error instanceof ApiError && error.code === `${about}.reviewed`) onDone("taken");
    },
    onSettled: () => queries.invalidateQueries({ queryKey: FLAGS }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (said && !review.isPending) review.mutate();
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <TextField
        label={t("similar.note")}
        hint={t("similar.note_hint")}
        value={note}
        onChange={(event) => setNote(event.target.value)}
        maxLength={NOTE_LENGTH}
        rows={2}
        required
      />
      <SmallButton type="submit" aria-disabled={!said || review.isPending}>
        {t("similar.review")}
      </SmallButton>
      {review.error && <ErrorNote error={review.error} />}
    </form>
  );
}
