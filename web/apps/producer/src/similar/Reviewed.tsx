import type { Flag } from "@gavel/api";
import { useTimes } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useState } from "react";
import { useFlags } from "../app/queries";
import { useT } from "../i18n";
import { Evidence, Pair } from "./Evidence";
import css from "./Similar.module.css";

/** What has been looked at, with the note that was left; the newest first. */
export function Reviewed() {
  const { t } = useT();
  const { data, error, isPending } = useFlags(true);
  const flags = [...(data ?? [])].sort((a, b) => (b.review?.at ?? "").localeCompare(a.review?.at ?? ""));
  return (
    <section className={css.list} aria-labelledby="reviewed-flags">
      <h2 id="reviewed-flags">
        {t("similar.reviewed")}
        {data && <span> {data.length}</span>}
      </h2>
      {error && <ErrorNote error={error} />}
      {isPending && !error && <Loading />}
      {data?.length === 0 && <p className={css.mute}>{t("similar.reviewed_none")}</p>}
      {flags.map((flag) => (
        <Looked key={flag.id} flag={flag} />
      ))}
    </section>
  );
}

function Looked({ flag }: { flag: Flag }) {
  const { t } = useT();
  const { moment } = useTimes();
  const [open, setOpen] = useState(false);
  return (
    <Card className={css.flag}>
      <Pair flag={flag} />
      {flag.review && (
        <blockquote className={css.note}>
          <p>{flag.review.note}</p>
          <footer>{t("similar.review_by", { name: flag.review.by, time: moment(flag.review.at) })}</footer>
        </blockquote>
      )}
      {/* A season's worth of maps is drawn only where somebody looks. */}
      <details className={css.more} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t("similar.evidence")}</summary>
        {open && (
          <div className={css.flag}>
            <Evidence flag={flag} />
          </div>
        )}
      </details>
    </Card>
  );
}
