import { ApiError, api, type Dataset, type Finding, type Submission } from "@gavel/api";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isUnderWay } from "../app/queries";
import { useT } from "../i18n";
import { CleanedVersion } from "./CleanedVersion";
import css from "./DatasetCard.module.css";
import { DatasetDownloads } from "./DatasetDownloads";
import { FindingLine } from "./FindingLine";

export const datasetKey = (id: string) => ["dataset", id];

/** The report on a data set: what it is, what was found row by row, and which version of it counts. */
export function DatasetCard({ submission }: { submission: Submission }) {
  const { t } = useT();
  const { id, checks } = submission;
  const checked = checks.length > 0;
  const found = useQuery({
    // The verdict changes with the version that counts, and so does this.
    queryKey: [...datasetKey(id), submission.digest],
    queryFn: () => api.get("/api/submissions/{submission_id}/dataset", { params: { path: { submission_id: id } } }),
    enabled: checked,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!checked && !isUnderWay(submission)) return null;
  const none = found.error instanceof ApiError && found.error.code === "dataset.not_checked";
  return (
    <Card className={css.report} aria-labelledby="dataset">
      <h2 id="dataset">{t("dataset.title")}</h2>
      {!checked && <p className={css.note}>{t("dataset.after")}</p>}
      {checked && found.isPending && <Loading />}
      {none && <p className={css.note}>{t("dataset.none")}</p>}
      {found.error && !none && <ErrorNote error={found.error} retry={() => void found.refetch()} />}
      {found.data && <Report submission={submission} dataset={found.data} />}
    </Card>
  );
}

function Report({ submission, dataset }: { submission: Submission; dataset: Dataset }) {
  const { t } = useT();
  const { findings } = dataset.report;
  const whole = !findings.some(({ severity, remedy }: Finding) => severity === "refused" && remedy === "none");
  return (
    <>
      {whole && <p className={css.note}>{t("dataset.lead")}</p>}
      <Summary dataset={dataset} />
      <h3>{t("dataset.findings")}</h3>
      {findings.length === 0 ? (
        <p className={css.note}>{t("dataset.clean")}</p>
      ) : (
        <ul className={css.findings}>
          {findings.map((finding: Finding) => (
            <FindingLine key={finding.code} finding={finding} />
          ))}
        </ul>
      )}
      <h3>{t("dataset.cleaned")}</h3>
      <CleanedVersion submission={submission} dataset={dataset} />
      <h3>{t("dataset.download")}</h3>
      <DatasetDownloads submission={submission} dataset={dataset} />
    </>
  );
}

function Summary({ dataset }: { dataset: Dataset }) {
  const { t, number } = useT();
  const { report, licence } = dataset;
  return (
    <dl className={css.facts}>
      <Fact name={t("dataset.form")}>{t(`dataset.form_${report.form ?? "none"}`)}</Fact>
      <Fact name={t("dataset.rows")}>{number(report.rows)}</Fact>
      {report.lengths && (
        <>
          <Fact name={t("dataset.characters")}>{number(report.lengths.characters.total)}</Fact>
          <Fact name={t("dataset.length")}>
            {t("dataset.length_value", {
              median: number(report.lengths.units.median),
              most: number(report.lengths.units.most),
            })}
          </Fact>
        </>
      )}
      {report.labels && (
        <Fact name={t("dataset.labels")}>
          {t("dataset.labels_value", { yes: number(report.labels.true ?? 0), no: number(report.labels.false ?? 0) })}
        </Fact>
      )}
      <Fact name={t("dataset.private")}>{t("dataset.private_value", { count: report.private_grams })}</Fact>
      {licence && (
        <Fact name={t("dataset.licence")}>
          {licence.id === "own"
            ? t("dataset.licence_own")
            : licence.id === "other"
              ? t("dataset.licence_some")
              : licence.id}
          {licence.note && <small>{licence.note}</small>}
        </Fact>
      )}
    </dl>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
