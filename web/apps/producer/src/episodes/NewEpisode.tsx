import { api } from "@gavel/api";
import { Field } from "@gavel/desk";
import { Button, ErrorNote, navigate } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { EPISODES } from "../app/queries";
import { useT } from "../i18n";
import css from "./Episodes.module.css";

const TITLE_LENGTH = 80;

/** A title is all an episode needs; its control room opens at once. */
export function NewEpisode() {
  const { t } = useT();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (title: string) => api.post("/api/episodes", { body: { title } }),
    onSuccess: (episode) => {
      void queries.invalidateQueries({ queryKey: EPISODES });
      navigate(`/episodes/${episode.id}`);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    create.mutate(String(new FormData(event.currentTarget).get("title")).trim());
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <Field
        className={css.grow}
        label={t("episodes.name")}
        name="title"
        maxLength={TITLE_LENGTH}
        pattern=".*\S.*"
        autoComplete="off"
        required
      />
      <Button tone="gold" type="submit" disabled={create.isPending}>
        {t("episodes.create")}
      </Button>
      {create.error && <ErrorNote className={css.whole} error={create.error} />}
    </form>
  );
}
