import { api } from "@gavel/api";
import { SelectField } from "@gavel/desk";
import { Button, Card, ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useEpisodes } from "../app/queries";
import { useT } from "../i18n";
import css from "./Preferences.module.css";
import { PREFERENCES } from "./queries";

const ALL = "";
/** How much of all that was said must be for one side, more than for the other. */
const MARGINS = [0, 0.25, 0.5, 0.75, 1];

/** Make a set: of the season or of one episode, of all duels that were decided or of the clear ones. */
export function Build({ onDone }: { onDone: (what: string) => void }) {
  const { t, number } = useT();
  const queries = useQueryClient();
  const episodes = useEpisodes();
  const [episode, setEpisode] = useState(ALL);
  const [least, setLeast] = useState(0);
  const make = useMutation({
    mutationFn: () => api.post("/api/preference-sets", { body: { episodes: episode === ALL ? [] : [episode], least } }),
    onSuccess: (made) => {
      onDone(t("preferences.made", { count: made.rows }));
      return queries.invalidateQueries({ queryKey: PREFERENCES });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Card className={css.build}>
      <h2>{t("preferences.build")}</h2>
      <form className={css.form} onSubmit={submit}>
        <SelectField label={t("preferences.of")} value={episode} onChange={(event) => setEpisode(event.target.value)}>
          <option value={ALL}>{t("preferences.season")}</option>
          {episodes.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {t("preferences.episode", { number: one.number, title: one.title })}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t("preferences.least")}
          value={String(least)}
          onChange={(event) => setLeast(Number(event.target.value))}
        >
          {MARGINS.map((one) => (
            <option key={one} value={one}>
              {one === 0 ? t("preferences.any") : t("preferences.at_least", { points: number(100 * one) })}
            </option>
          ))}
        </SelectField>
        <Button tone="gold" type="submit" disabled={make.isPending}>
          {t(make.isPending ? "preferences.building" : "preferences.build_do")}
        </Button>
      </form>
      {make.error && <ErrorNote error={make.error} />}
    </Card>
  );
}
