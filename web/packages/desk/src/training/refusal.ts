import type { TrainingRun } from "@gavel/api";
import { bytes } from "../format";
import { useT } from "../i18n";

/** What is said of where it went wrong, in this order. */
const FACTS = ["step", "row", "tokens", "limit", "module", "peak_bytes", "limit_bytes"] as const;

interface Refusal {
  what: string;
  /** Such as the step and the row. */
  where: string | null;
  fix: string | undefined;
}

/** Why a run was refused, where, and what to do. Null: it was not. */
export function useTrainingRefusal(): (
  run: Pick<TrainingRun, "state" | "code" | "reason" | "detail">,
) => Refusal | null {
  const { t, find, number } = useT();
  return ({ state, code, reason, detail }) => {
    if (state !== "refused") return null;
    const name = code?.replace(/^training\./, "") ?? "";
    const facts = FACTS.flatMap((fact) => {
      const value = detail[fact];
      if (typeof value !== "number" && typeof value !== "string") return [];
      const said = typeof value === "string" ? value : fact.endsWith("_bytes") ? bytes(value) : number(value);
      return [t(`training.fact.${fact}`, { value: said })];
    });
    return {
      what: find(`training.refused.${name}`) ?? reason ?? "",
      where: facts.length > 0 ? facts.join(" · ") : null,
      fix: find(`training.fix.${name}`),
    };
  };
}
