import { api, type PrintedSheet } from "@gavel/api";
import { Field } from "@gavel/desk";
import { Button, ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { seatsKey } from "../app/queries";
import { useT } from "../i18n";
import css from "./Seats.module.css";

const MOST = 500;

export function Make({ episode, onMade }: { episode: string; onMade: (printed: PrintedSheet) => void }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [count, setCount] = useState(30);
  const making = useMutation({
    mutationFn: () =>
      api.post("/api/episodes/{episode_id}/seats", { params: { path: { episode_id: episode } }, body: { count } }),
    onSuccess: (printed) => {
      onMade(printed);
      void queries.invalidateQueries({ queryKey: seatsKey(episode) });
    },
  });
  const fits = Number.isInteger(count) && count >= 1 && count <= MOST;
  return (
    <form
      className={css.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (fits && !making.isPending) making.mutate();
      }}
    >
      <Field
        label={t("seats.count")}
        hint={t("seats.once")}
        error={fits ? undefined : t("seats.count_wrong")}
        type="number"
        inputMode="numeric"
        min={1}
        max={MOST}
        value={count > 0 ? count : ""}
        onChange={(event) => setCount(Number(event.target.value))}
      />
      <Button type="submit" tone="gold">
        {t("seats.make")}
      </Button>
      {making.error && <ErrorNote error={making.error} />}
    </form>
  );
}
