import type { Submission } from "@gavel/api";
import { Meter } from "@gavel/desk";
import { useT } from "../i18n";
import { CancelUpload } from "./CancelUpload";
import { shareOf } from "./progress";
import css from "./Upload.module.css";

interface UnfinishedProps {
  submission: Submission;
  /** What was chosen to go on with is not what was begun. */
  others?: boolean;
  /** Nothing can be added any more. */
  late?: boolean;
}

/** An upload that was begun in another tab, on another computer, or before this page was closed. */
export function Unfinished({ submission, others = false, late = false }: UnfinishedProps) {
  const { t, number } = useT();
  const share = number(shareOf(submission), { style: "percent" });
  const hint = late ? "late" : others ? "others" : "same";
  return (
    <div className={css.unfinished} data-others={others || undefined}>
      <h3>{t("upload.unfinished", { n: submission.version, share })}</h3>
      <Meter done={shareOf(submission)} total={1} label={t("upload.progress")} />
      <footer className={css.foot}>
        <p className={others ? css.bad : css.note} role={others ? "alert" : undefined}>
          {t(`upload.unfinished_${hint}`, { n: submission.version })}
        </p>
        <CancelUpload entry={submission.entry_id} submission={submission} />
      </footer>
    </div>
  );
}
