import type { Dataset, Submission } from "@gavel/api";
import { useT } from "../i18n";
import css from "./DatasetCard.module.css";
import { readable } from "./readable";

/** The report to read (in the language of the page) and as JSON, and the cleaned data set. */
export function DatasetDownloads({ submission, dataset }: { submission: Submission; dataset: Dataset }) {
  const { t, find, number } = useT();
  const at = `/api/submissions/${submission.id}/dataset`;
  const save = () => {
    const text = readable(submission, dataset, { t, find, number });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/markdown;charset=utf-8" }));
    link.download = `version-${submission.version}-report.md`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <p className={css.downloads}>
      <button type="button" onClick={save}>
        {t("dataset.download_report")}
      </button>
      <a href={`${at}/report.json`} download>
        {t("dataset.download_json")}
      </a>
      {dataset.report.cleaned && (
        <a href={`${at}/cleaned.jsonl`} download>
          {t("dataset.download_cleaned")}
        </a>
      )}
    </p>
  );
}
