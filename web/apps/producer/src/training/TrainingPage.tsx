import { PageHead } from "@gavel/desk";
import { EmptyState } from "@gavel/ui";
import { useEffect, useRef, useState } from "react";
import { useSeason } from "../app/queries";
import { useT } from "../i18n";
import { Plan } from "./Plan";
import { Races } from "./Races";
import { Runs } from "./Runs";
import css from "./Training.module.css";

/** Everything that is trained in the season: plan a race, start it, see what waits and why. */
export function TrainingPage() {
  const { t } = useT();
  const season = useSeason();
  const [said, say] = useState<{ what: string } | null>(null);
  const news = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    // What was done may take its buttons with it, and the focus must not go with them.
    if (said) news.current?.focus();
  }, [said]);
  return (
    <>
      <PageHead title={t("training.title")}>{t("training.lead")}</PageHead>
      <p ref={news} className={css.news} role="status" tabIndex={-1}>
        {said?.what}
      </p>
      {season.data && !season.data.track.training ? (
        <EmptyState title={t("training.off")} />
      ) : (
        <>
          <Plan onDone={(what) => say({ what })} />
          <Races />
          <Runs />
        </>
      )}
    </>
  );
}
