import type { Submission } from "@gavel/api";
import { bytes, CopyButton, useTimes } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Facts.module.css";

/** What is known of the version: the fingerprint that every later record carries, its size, its date. */
export function Facts({ submission }: { submission: Submission }) {
  const { t } = useT();
  const { moment } = useTimes();
  return (
    <Card className={css.facts}>
      <h2>{t("submission.facts")}</h2>
      <dl>
        <div>
          <dt>{t("submission.digest")}</dt>
          {submission.digest ? (
            <>
              <dd className={css.digest}>
                <code>{submission.digest}</code>
                <CopyButton text={submission.digest} what={t("submission.digest")} />
              </dd>
              <dd className={css.note}>{t(`submission.digest_hint_${submission.artifact}`)}</dd>
            </>
          ) : (
            <dd className={css.note}>{t("submission.no_digest")}</dd>
          )}
        </div>
        <div>
          <dt>{t("kind.label")}</dt>
          <dd>{t(`kind.${submission.artifact}.name`)}</dd>
        </div>
        <div>
          <dt>{t("submission.size")}</dt>
          <dd>{bytes(submission.size_bytes)}</dd>
        </div>
        <div>
          <dt>{t("submission.sent")}</dt>
          <dd>{moment(submission.created_at)}</dd>
        </div>
      </dl>
    </Card>
  );
}
