import { api, type ConflictOfInterest } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Jury.module.css";
import { JUDGING, useConflicts } from "./queries";

/** What judges have declared beforehand. Only one who declared by mistake has it lifted, and says so himself. */
export function Conflicts() {
  const { t } = useT();
  const queries = useQueryClient();
  const { data, error } = useConflicts();
  const [asked, ask] = useState<ConflictOfInterest | null>(null);
  const lift = useMutation({
    mutationFn: (id: string) =>
      api.delete("/api/judging/conflicts/{conflict_id}", { params: { path: { conflict_id: id } } }),
    onSuccess: () => {
      ask(null);
      return queries.invalidateQueries({ queryKey: JUDGING });
    },
  });
  return (
    <section className={css.section} aria-labelledby="jury-conflicts">
      <h2 id="jury-conflicts">{t("jury.conflicts")}</h2>
      {error && <ErrorNote error={error} />}
      {data?.length === 0 && <p className={css.mute}>{t("jury.no_conflicts")}</p>}
      <ul className={css.jurors}>
        {data?.map((one) => (
          <li key={one.id}>
            <b>{one.judge}</b> {one.entry} <span className={css.mute}>{one.reason}</span>
            <SmallButton onClick={() => ask(one)}>{t("jury.lift")}</SmallButton>
          </li>
        ))}
      </ul>
      {asked && (
        <Confirm
          title={t("jury.lift_title", { judge: asked.judge, entry: asked.entry })}
          action={t("jury.lift")}
          busy={lift.isPending}
          error={lift.error}
          onConfirm={() => lift.mutate(asked.id)}
          onClose={() => ask(null)}
        >
          {t("jury.lift_text")}
        </Confirm>
      )}
    </section>
  );
}
