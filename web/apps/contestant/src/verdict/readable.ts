import type { Dataset, Finding, Submission } from "@gavel/api";
import type { useT } from "../i18n";

type Words = Pick<ReturnType<typeof useT>, "t" | "find" | "number">;

/** The report as Markdown, for people. Pure. */
export function readable(submission: Submission, { report, licence }: Dataset, { t, find, number }: Words): string {
  const told = (finding: Finding) => [
    `### ${find(`problem.${finding.code}.what`, finding.detail) ?? finding.message}`,
    "",
    [
      t(`dataset.${finding.severity}`),
      ...(finding.rows > 0 ? [t("dataset.in_rows", { count: finding.rows })] : []),
    ].join(" · "),
    find(`problem.${finding.code}.fix`, finding.detail) ?? "",
    "",
    ...finding.examples.map(
      ({ row, place, excerpt, other }) =>
        `- ${[
          `${t("dataset.row")} ${row}`,
          ...(other === null ? [] : [t("dataset.repeats_row", { row: other })]),
          ...(place ? [inert(place)] : []),
          ...(excerpt ? [inert(excerpt)] : []),
        ].join(" · ")}`,
    ),
    "",
  ];
  const counts = (name: string, found: Record<string, number>) =>
    Object.entries(found).map(
      ([code, count]) => `- ${name}: ${find(`problem.${code}.what`) ?? code} ${t("dataset.in_rows", { count })}`,
    );
  return [
    `# ${t("dataset.title")}: ${inert(submission.entry_name)} · ${t("entries.version", { n: submission.version })}`,
    "",
    `- ${t("dataset.form")}: ${t(`dataset.form_${report.form ?? "none"}`)}`,
    `- ${t("dataset.rows")}: ${number(report.rows)}`,
    ...(licence ? [`- ${t("dataset.licence")}: ${licence.id} ${inert(licence.note)}`] : []),
    "",
    `## ${t("dataset.findings")}`,
    "",
    ...(report.findings.length > 0 ? report.findings.flatMap(told) : [t("dataset.clean"), ""]),
    `## ${t("dataset.cleaned")}`,
    "",
    ...(report.cleaned
      ? [
          t("dataset.in_rows", { count: report.cleaned.rows }),
          "",
          ...counts(t("dataset.removed"), report.cleaned.removed),
          ...counts(t("dataset.changed"), report.cleaned.changed),
        ]
      : [t("dataset.cleaned_none")]),
    "",
  ].join("\n");
}

/** A stranger's words in a Markdown file: shown as they are, never as a link, a picture or HTML. */
function inert(text: string): string {
  return text.replace(/[\\`*_{}[\]<>()#!|]/g, "\\$&").replace(/\s+/g, " ");
}
