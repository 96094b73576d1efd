import { api, type Candidate, type Entry } from "@gavel/api";
import { Confirm, SmallButton, useTimes } from "@gavel/desk";
import { ErrorNote, Link } from "@gavel/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ENTRIES } from "../app/queries";
import { useT } from "../i18n";
import css from "./Decide.module.css";

/** What producers trained further from versions of the entry. Each competes if its holder wants it to. */
export function Candidates({ entry }: { entry: Entry }) {
  const { t } = useT();
  const id = useId();
  const candidates = useQuery({
    queryKey: [...ENTRIES, "candidates"],
    queryFn: () => api.get("/api/candidates"),
  });
  const beside = candidates.data?.filter(({ parent }) => parent.entry_id === entry.id) ?? [];
  if (candidates.error) return <ErrorNote error={candidates.error} />;
  if (beside.length === 0) return null;
  return (
    <section className={css.candidates} aria-labelledby={id}>
      <h3 id={id}>{t("decide.candidates")}</h3>
      <ul>
        {beside.map((one) => (
          <li key={one.run_id}>
            <Beside candidate={one} entry={entry} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Beside({ candidate, entry }: { candidate: Candidate; entry: Entry }) {
  const { t, number } = useT();
  const { moment } = useTimes();
  const { parent, pairs, made_at, margin_before: before, margin_after: after, promoted } = candidate;
  return (
    <>
      <p>
        {t("decide.candidate", { version: parent.version, count: pairs, time: moment(made_at) })}
        {before !== null && after !== null && (
          <small>{t("decide.candidate_margin", { before: number(before), after: number(after) })}</small>
        )}
      </p>
      {promoted ? (
        <Link to={`/submissions/${promoted.submission_id}`}>{t("decide.promoted", { version: promoted.version })}</Link>
      ) : (
        entry.decides && <Promote candidate={candidate} entry={entry} />
      )}
    </>
  );
}

function Promote({ candidate, entry }: { candidate: Candidate; entry: Entry }) {
  const { t } = useT();
  const id = useId();
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const promote = useMutation({
    mutationFn: () => api.post("/api/candidates/{run_id}/promote", { params: { path: { run_id: candidate.run_id } } }),
    onSuccess: () => ask(false),
    // Refused, too: the page then shows what stands against it.
    onSettled: () => queries.invalidateQueries({ queryKey: ENTRIES }),
  });
  const { obstacle } = candidate;
  return (
    <div className={css.decide}>
      <SmallButton
        disabled={obstacle !== null}
        aria-describedby={obstacle ? id : undefined}
        onClick={() => {
          promote.reset();
          ask(true);
        }}
      >
        {t("decide.promote")}
      </SmallButton>
      {obstacle && (
        <p id={id} className={css.why}>
          {t(`error.candidate.${obstacle}`)}
        </p>
      )}
      {asking && (
        <Confirm
          title={t("decide.promote_title", { name: entry.name })}
          action={t("decide.promote")}
          tone="gold"
          busy={promote.isPending}
          error={promote.error}
          onConfirm={() => promote.mutate()}
          onClose={() => ask(false)}
        >
          <p>{t("decide.promote_text")}</p>
        </Confirm>
      )}
    </div>
  );
}
