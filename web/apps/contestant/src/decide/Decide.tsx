import { api, type Entry, type Season, type Submission } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useId, useState } from "react";
import { ENTRIES, useEntries, useNow, useSeason } from "../app/queries";
import { useT } from "../i18n";
import css from "./Decide.module.css";
import { type Deed, deedsOf, isLate, isSettled } from "./rules";

function useDeed(submission: Submission, entry: Entry) {
  const queries = useQueryClient();
  const params = { path: { submission_id: submission.id } };
  const calls: Record<Deed, () => Promise<unknown>> = {
    choose: () =>
      api.put("/api/entries/{entry_id}/competing", {
        params: { path: { entry_id: entry.id } },
        body: { submission_id: submission.id },
      }),
    withdraw: () => api.post("/api/submissions/{submission_id}/withdraw", { params }),
    restore: () => api.post("/api/submissions/{submission_id}/restore", { params }),
  };
  return useMutation({
    mutationFn: (deed: Deed) => calls[deed](),
    // Refused, too: somebody else was faster, and the page shows what is true now.
    onSettled: () => queries.invalidateQueries({ queryKey: ENTRIES }),
  });
}

interface DecideProps {
  submission: Submission;
  entry: Entry;
  season: Season;
}

/** Let a version compete, withdraw it, bring it back. What is not possible any more says why. */
export function Decide({ submission, entry, season }: DecideProps) {
  const { t } = useT();
  const id = useId();
  const late = isLate(season, useNow());
  const deed = useDeed(submission, entry);
  const [asking, setAsking] = useState(false);
  const deeds = deedsOf(submission, entry);
  const name = t("entries.version", { n: submission.version });
  const shut = (one: Deed) => isSettled(one, late);
  if (!entry.decides || deeds.length === 0) return null;
  return (
    <div className={css.decide}>
      {deeds.map((one) => (
        <SmallButton
          key={one}
          disabled={deed.isPending || shut(one)}
          aria-describedby={shut(one) ? id : undefined}
          aria-label={`${t(`decide.${one}`)}: ${name}`}
          onClick={() => (one === "withdraw" ? setAsking(true) : deed.mutate(one))}
        >
          {t(`decide.${one}`)}
        </SmallButton>
      ))}
      {deeds.some(shut) && (
        <p id={id} className={css.why}>
          {t("error.entry.closed")}
        </p>
      )}
      {deed.error && !asking && <ErrorNote className={css.error} error={deed.error} />}
      {asking && (
        <Confirm
          title={t("decide.withdraw_title", { name: `${entry.name} ${name}` })}
          action={t("decide.withdraw")}
          busy={deed.isPending}
          error={deed.error}
          onConfirm={() => deed.mutate("withdraw", { onSuccess: () => setAsking(false) })}
          onClose={() => {
            deed.reset();
            setAsking(false);
          }}
        >
          <p>{t("decide.withdraw_text")}</p>
          <p>{t(late ? "decide.withdraw_late" : "decide.withdraw_back")}</p>
        </Confirm>
      )}
    </div>
  );
}

/** The same on the page of a version, which knows its entry by its id only. */
export function DecideHere({ submission }: { submission: Submission }) {
  const entry = useEntries().data?.find((one) => one.id === submission.entry_id);
  const season = useSeason().data;
  if (!entry || !season) return null;
  return <Decide submission={submission} entry={entry} season={season} />;
}
