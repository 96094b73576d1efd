import { api, type Entry, type Season } from "@gavel/api";
import { SmallButton } from "@gavel/desk";
import { ErrorNote, Link } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId } from "react";
import { ENTRIES, useNow } from "../app/queries";
import { useT } from "../i18n";
import css from "./Decide.module.css";
import { isLate } from "./rules";

/** Which version goes on stage and why that one; the way back when it was chosen. */
export function Competing({ entry, season }: { entry: Entry; season: Season }) {
  const { t } = useT();
  const id = useId();
  const queries = useQueryClient();
  const late = isLate(season, useNow());
  const newest = useMutation({
    mutationFn: () =>
      api.put("/api/entries/{entry_id}/competing", {
        params: { path: { entry_id: entry.id } },
        body: { submission_id: null },
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: ENTRIES }),
  });
  const { competing } = entry;
  if (!competing) return <p className={css.competing}>{t("decide.none")}</p>;
  return (
    <div className={css.competing} aria-live="polite">
      <p>
        <Link to={`/submissions/${competing.submission_id}`}>{t("entries.version", { n: competing.version })}</Link>{" "}
        {t(!competing.chosen ? "decide.newest" : entry.decides ? "decide.chosen" : "decide.chosen_by_captain")}
      </p>
      {competing.chosen && entry.decides && (
        <SmallButton
          disabled={late || newest.isPending}
          aria-describedby={late ? id : undefined}
          onClick={() => newest.mutate()}
        >
          {t("decide.back_to_newest")}
        </SmallButton>
      )}
      {competing.chosen && entry.decides && late && (
        <p id={id} className={css.why}>
          {t("error.entry.closed")}
        </p>
      )}
      {!entry.decides && <p className={css.why}>{t("error.team.captain_only")}</p>}
      {newest.error && <ErrorNote error={newest.error} />}
    </div>
  );
}
