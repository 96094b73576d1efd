import type { Flag } from "@gavel/api";
import { PageHead } from "@gavel/desk";
import { Card, EmptyState, ErrorNote, Loading } from "@gavel/ui";
import { useRef, useState } from "react";
import { useFlags } from "../app/queries";
import { useT } from "../i18n";
import { Contamination } from "./Contamination";
import { Evidence, nameOf, Pair } from "./Evidence";
import { Reviewed } from "./Reviewed";
import { ReviewForm } from "./ReviewForm";
import css from "./Similar.module.css";

/** What became of the flag that has just left the list. */
interface Done {
  flag: Flag;
  how: "saved" | "taken";
}

export function SimilarPage() {
  const { t } = useT();
  const open = useFlags(false);
  const [done, setDone] = useState<Done | null>(null);
  const news = useRef<HTMLParagraphElement>(null);
  const finish = (flag: Flag, how: Done["how"]) => {
    setDone({ flag, how });
    // The form goes away with its flag, and the focus must not go with it.
    news.current?.focus();
  };
  return (
    <>
      <PageHead title={t("similar.title")}>{t("similar.lead")}</PageHead>
      <p ref={news} className={css.news} role="status" tabIndex={-1}>
        {done && t(`similar.${done.how}`, { later: nameOf(done.flag.submission), earlier: nameOf(done.flag.other) })}
      </p>
      <section className={css.list} aria-labelledby="open-flags">
        <h2 id="open-flags">
          {t("similar.open")}
          {open.data && <span> {open.data.length}</span>}
        </h2>
        {open.error && <ErrorNote error={open.error} />}
        {open.isPending && !open.error && <Loading />}
        {open.data?.length === 0 && <EmptyState title={t("similar.none")}>{t("similar.none_text")}</EmptyState>}
        {open.data?.map((flag) => (
          <Card key={flag.id} className={css.flag}>
            <Pair flag={flag} />
            <Evidence flag={flag} />
            <ReviewForm flag={flag} onDone={(how) => finish(flag, how)} />
          </Card>
        ))}
      </section>
      <Reviewed />
      <Contamination />
    </>
  );
}
