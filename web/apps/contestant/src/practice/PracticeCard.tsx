import { api, type Entry, type Practice, type Season } from "@gavel/api";
import { Confirm, SmallButton } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import { Ask } from "./Ask";
import { Ended, Live } from "./Exchange";
import css from "./Practice.module.css";
import { isUnderWay, readyOf, useLookAgain, usePractice } from "./practice";

/** A box to try a version beside the house, on the terms of the show, and what was tried before. */
export function PracticeCard({ entry, season }: { entry: Entry; season: Season }) {
  const { t } = useT();
  const practice = usePractice(entry.id);
  const ready = readyOf(entry);
  const running = practice.data?.find(isUnderWay);
  return (
    <Card className={css.practice} aria-labelledby="practice">
      <h2 id="practice">{t("practice.title")}</h2>
      <p className={css.note}>
        {t("practice.lead", { tokens: season.sampling.max_tokens, temperature: season.sampling.temperature })}
      </p>
      {ready.length === 0 ? (
        <p className={css.note}>{t("practice.no_version")}</p>
      ) : (
        <Ask entry={entry.id} versions={ready} limit={season.max_prompt_chars} busy={running !== undefined} />
      )}
      {practice.error && <ErrorNote error={practice.error} retry={() => void practice.refetch()} />}
      {practice.isPending && !practice.error && <Loading />}
      {practice.data?.length === 0 && ready.length > 0 && <p className={css.note}>{t("practice.none")}</p>}
      {practice.data && practice.data.length > 0 && <History entry={entry.id} practice={practice.data} />}
    </Card>
  );
}

function History({ entry, practice }: { entry: string; practice: Practice[] }) {
  const { t } = useT();
  const lookAgain = useLookAgain(entry);
  const [asking, setAsking] = useState(false);
  const forget = useMutation({
    mutationFn: () => api.delete("/api/practice"),
    onSettled: lookAgain,
    onSuccess: () => setAsking(false),
  });
  return (
    <section className={css.history} aria-label={t("practice.history")}>
      {practice.map((one) =>
        isUnderWay(one) ? <Live key={one.id} practice={one} /> : <Ended key={one.id} practice={one} />,
      )}
      <p className={css.foot}>
        <span className={css.note}>{t("practice.kept")}</span>
        <SmallButton onClick={() => setAsking(true)}>{t("practice.forget_all")}</SmallButton>
      </p>
      {asking && (
        <Confirm
          title={t("practice.forget_all_title")}
          action={t("practice.forget_all")}
          busy={forget.isPending}
          error={forget.error}
          onConfirm={() => forget.mutate()}
          onClose={() => setAsking(false)}
        >
          <p>{t("practice.forget_all_text")}</p>
        </Confirm>
      )}
    </section>
  );
}
