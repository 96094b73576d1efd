import { api, type ContaminationFlag } from "@gavel/api";
import { retryable, useTimes } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { half } from "@gavel/ui/interval";
import { useQuery } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { FLAGS } from "../app/queries";
import { useT } from "../i18n";
import { ReviewForm } from "./ReviewForm";
import css from "./Similar.module.css";

const AGAIN_MS = 30_000;
const ERROR_AGAIN_MS = 4_000;

function useContamination(reviewed: boolean) {
  return useQuery({
    queryKey: [...FLAGS, "contamination", { reviewed }],
    queryFn: () => api.get("/api/contamination-flags", { params: { query: { reviewed } } }),
    refetchInterval: ({ state }) => (retryable(state.error) ? ERROR_AGAIN_MS : AGAIN_MS),
  });
}

/** Versions that may have been trained on what they are asked: open ones with a form, then those reviewed. */
export function Contamination() {
  const { t } = useT();
  const open = useContamination(false);
  const reviewed = useContamination(true);
  const [said, say] = useState("");
  const news = useRef<HTMLParagraphElement>(null);
  const finish = (flag: ContaminationFlag, how: "saved" | "taken") => {
    say(t(`contamination.${how}`, { name: flag.entry_name }));
    // The form goes away with its flag, and the focus must not go with it.
    news.current?.focus();
  };
  const error = open.error ?? reviewed.error;
  const none = open.data?.length === 0 && reviewed.data?.length === 0;
  return (
    <section className={css.list} aria-labelledby="contamination">
      <h2 id="contamination">
        {t("contamination.title")}
        {open.data && <span> {open.data.length}</span>}
      </h2>
      <p className={css.mute}>{t("contamination.lead")}</p>
      <p ref={news} className={css.news} role="status" tabIndex={-1}>
        {said}
      </p>
      {error && <ErrorNote error={error} />}
      {(open.isPending || reviewed.isPending) && !error && <Loading />}
      {none && <p className={css.mute}>{t("contamination.none")}</p>}
      {open.data?.map((flag) => (
        <Sign key={flag.id} flag={flag} onDone={(how) => finish(flag, how)} />
      ))}
      {reviewed.data?.map((flag) => (
        <Sign key={flag.id} flag={flag} />
      ))}
    </section>
  );
}

function Sign({ flag, onDone }: { flag: ContaminationFlag; onDone?: (how: "saved" | "taken") => void }) {
  const { t } = useT();
  const { moment } = useTimes();
  return (
    <Card className={css.flag}>
      <h3>{t("contamination.version", { name: flag.entry_name, n: flag.version })}</h3>
      <p>
        <Evidence flag={flag} />
      </p>
      {flag.review && (
        <blockquote className={css.note}>
          <p>{flag.review.note}</p>
          <footer>{t("similar.review_by", { name: flag.review.by, time: moment(flag.review.at) })}</footer>
        </blockquote>
      )}
      {onDone && <ReviewForm flag={flag} about="contamination" onDone={onDone} />}
    </Card>
  );
}

function Evidence({ flag }: { flag: ContaminationFlag }) {
  const { t, number } = useT();
  const points = (share: number | null) => number(Math.round(100 * (share ?? 0)));
  if (flag.kind === "canary") return t("contamination.canary", { count: flag.rows ?? 0, suite: flag.suite });
  return t("contamination.rephrased", {
    task: flag.task ?? "",
    suite: flag.suite,
    gap: points(flag.gap),
    noise: points(half(flag.stderr ?? 0)),
    items: flag.items ?? 0,
    threshold: points(flag.threshold),
  });
}
