import { api } from "@gavel/api";
import { Field } from "@gavel/desk";
import { Button, ErrorNote, navigate } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent } from "react";
import { ENTRIES } from "../app/queries";
import { useT } from "../i18n";
import css from "./NewEntry.module.css";

const NAME_LENGTH = 40;

/** One field and a button; a fresh entry opens, ready for its first upload. */
export function NewEntry({ first }: { first: boolean }) {
  const { t } = useT();
  const queries = useQueryClient();
  const create = useMutation({
    mutationFn: (name: string) => api.post("/api/entries", { body: { name } }),
    onSuccess: async (entry) => {
      await queries.invalidateQueries({ queryKey: ENTRIES });
      navigate(`/entries/${entry.id}`);
    },
  });
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    create.mutate(String(new FormData(event.currentTarget).get("name")).trim());
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <Field
        className={css.name}
        label={t("entries.name")}
        hint={t("entries.name_hint")}
        name="name"
        maxLength={NAME_LENGTH}
        pattern=".*\S.*"
        autoComplete="off"
        required
      />
      <Button tone={first ? "gold" : "ghost"} type="submit" disabled={create.isPending}>
        {t("entries.create")}
      </Button>
      {create.error && <ErrorNote className={css.error} error={create.error} />}
    </form>
  );
}
