import type { Suite } from "@gavel/api";
import { Scroll } from "@gavel/ui/scroll";
import { useT } from "./i18n";
import css from "./Suites.module.css";

type Family = Suite["families"][number];

/** What each task asks, how many questions, and what judges an answer. */
export function Tasks({ suite }: { suite: Suite }) {
  const { t, number, language } = useT();
  return (
    <Scroll label={t("suites.tasks_title")}>
      <table className={css.table}>
        <thead>
          <tr>
            <th scope="col">{t("suites.task")}</th>
            <th scope="col">{t("suites.questions")}</th>
            <th scope="col">{t("suites.guessing")}</th>
          </tr>
        </thead>
        <tbody>
          {suite.families.map((family) => (
            <tr key={family.name}>
              <th scope="row">
                {family.title[language] ?? family.name}{" "}
                <small>
                  {kindOf(family, t)} ·{" "}
                  {t("suites.judged_by", {
                    scorer: t(`suites.scorer.${family.kind === "choice" ? "choice" : family.scorer}`),
                  })}
                </small>
              </th>
              <td>
                {t("suites.questions_value", { air: family.air.length, full: family.items })}{" "}
                <small>
                  <Indices air={family.air} />
                </small>
              </td>
              <td>{number(family.chance, { style: "percent" })}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function kindOf(family: Family, t: ReturnType<typeof useT>["t"]): string {
  return family.kind === "choice"
    ? t("suites.kind.choice", { options: family.options })
    : t("suites.kind.generate", { tokens: family.max_tokens });
}

/** The published subset; a beginning is said in words, the rest is listed from 1. */
function Indices({ air }: { air: number[] }) {
  const { t } = useT();
  if (air.length === 0) return t("suites.none");
  if (air.every((one, at) => one === at)) return t("suites.first", { count: air.length });
  return air.map((one) => one + 1).join(", ");
}
