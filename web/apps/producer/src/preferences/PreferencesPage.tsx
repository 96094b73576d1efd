import { PageHead } from "@gavel/desk";
import { EmptyState, ErrorNote, Loading } from "@gavel/ui";
import { useEffect, useRef, useState } from "react";
import { useSeason } from "../app/queries";
import { useT } from "../i18n";
import { Build } from "./Build";
import css from "./Preferences.module.css";
import { useSets } from "./queries";
import { SetCard } from "./SetCard";

/** What the season's verdicts can teach a model: sets of pairs, where they come from, and what is trained on them. */
export function PreferencesPage() {
  const { t } = useT();
  const declared = useSeason().data?.preferences;
  const sets = useSets();
  const [said, say] = useState<{ what: string } | null>(null);
  const news = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (said) news.current?.focus();
  }, [said]);
  return (
    <>
      <PageHead title={t("preferences.title")}>{t("preferences.lead")}</PageHead>
      <p ref={news} className={css.news} role="status" tabIndex={-1}>
        {said?.what}
      </p>
      {declared && <p className={css.mute}>{t(`preferences.declared.${declared}`)}</p>}
      {declared && declared !== "none" && <Build onDone={(what) => say({ what })} />}
      <section className={css.section} aria-labelledby="preference-sets">
        <h2 id="preference-sets">{t("preferences.sets")}</h2>
        {sets.error && <ErrorNote error={sets.error} />}
        {sets.isPending && !sets.error && <Loading />}
        {sets.data?.length === 0 && <EmptyState title={t("preferences.none")}>{t("preferences.none_text")}</EmptyState>}
        {sets.data?.map((set) => (
          <SetCard key={set.id} set={set} onDone={(what) => say({ what })} />
        ))}
      </section>
    </>
  );
}
