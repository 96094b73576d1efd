import type { TrainingRun, TrainingSpec } from "@gavel/api";
import { useTimes } from "@gavel/desk";
import { useT } from "../i18n";
import type { CurveName, SpecKey } from "./figures";

const TINY = 1e-4;

/** How the figures of a curve are written. */
export function useFigure(): (name: CurveName, value: number) => string {
  const { number } = useT();
  return (name, value) => {
    if (value !== 0 && Math.abs(value) < TINY) {
      return number(value, { notation: "scientific", maximumSignificantDigits: 3 });
    }
    if (name === "tokens_per_second" && value >= 10) return number(Math.round(value));
    return number(value, { maximumSignificantDigits: 4 });
  };
}

/** How the value of a setting is written. */
export function useSetting(): (spec: TrainingSpec, key: SpecKey) => string {
  const { t, number } = useT();
  return (spec, key) => {
    if (key === "recipe") return t(`training.recipes.${spec.recipe}`);
    if (key === "method") return t(`training.method.${spec.method}`);
    if (key === "verifier") return t(`training.verifier.${spec.verifier}`);
    if (key === "profile") return t(`training.profile.${spec.profile}`);
    if (key === "target_modules") return spec.target_modules.join(t("training.and"));
    // A seed is a name, not an amount.
    return key === "seed" ? String(spec.seed) : number(spec[key], { maximumSignificantDigits: 6 });
  };
}

/** Which of my runs it is. */
export function useRunName(): (run: TrainingRun) => string {
  const { t } = useT();
  const { moment } = useTimes();
  return ({ spec, dataset, created_at }) =>
    t("training.run_name", {
      recipe: t(`training.recipes.${spec.recipe}`),
      version: dataset.version,
      time: moment(created_at),
    });
}
