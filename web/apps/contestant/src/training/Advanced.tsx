import type { TrainingOptions, TrainingSpec } from "@gavel/api";
import { Field, SelectField } from "@gavel/desk";
import { useT } from "../i18n";
import { type SpecKey, settingsOf } from "./figures";
import { type Bounds, type Draft, isNumber, type NumberKey } from "./form";
import css from "./Training.module.css";

interface AdvancedProps {
  draft: Draft;
  change: (draft: Draft) => void;
  options: TrainingOptions;
  bounds: Record<NumberKey, Bounds>;
  /** What it has from the adapter that it begins with cannot be changed. */
  fixed: boolean;
  /** What is wrong, in a sentence, by setting. */
  wrong: Partial<Record<SpecKey, string>>;
}

const OF_PARENT: SpecKey[] = ["method", "rank", "alpha", "target_modules"];
const VERIFIERS: TrainingSpec["verifier"][] = ["exact", "contains", "number", "format"];

/** Every setting of the recipe with its limits. The recipe itself is chosen before. */
export function Advanced({ draft, change, options, bounds, fixed, wrong }: AdvancedProps) {
  const { t } = useT();
  const hint = useHint(bounds);
  const choices: Partial<Record<SpecKey, readonly string[]>> = {
    method: options.methods,
    verifier: VERIFIERS,
    profile: options.profiles,
  };
  const field = (key: SpecKey) => {
    const label = t(`training.field.${key}`);
    const error = wrong[key];
    const disabled = fixed && OF_PARENT.includes(key);
    if (key === "target_modules") return <Modules key={key} {...{ draft, change, options, error, disabled }} />;
    if (isNumber(key)) {
      return (
        <Field
          key={key}
          label={label}
          hint={hint(key)}
          error={error}
          inputMode="decimal"
          disabled={disabled}
          value={draft[key]}
          onChange={(event) => change({ ...draft, [key]: event.target.value })}
        />
      );
    }
    const values = choices[key] ?? [];
    return (
      <SelectField
        key={key}
        label={label}
        error={error}
        disabled={disabled}
        value={String(draft[key])}
        onChange={(event) => change(chosen(draft, key, event.target.value))}
      >
        {values.map((value) => (
          <option key={value} value={value}>
            {t(`training.${key}.${value}` as "training.method.lora")}
          </option>
        ))}
      </SelectField>
    );
  };
  return (
    <div className={css.fields}>
      {settingsOf(draft)
        .filter((key) => key !== "recipe" && (key !== "profile" || options.profiles.length > 1))
        .map(field)}
    </div>
  );
}

/** One process has one process, and several are at least two. */
function chosen(draft: Draft, key: SpecKey, value: string): Draft {
  const processes = key !== "profile" ? {} : { processes: value === "single" ? "1" : "2" };
  return { ...draft, [key]: value, ...processes };
}

function useHint(bounds: Record<NumberKey, Bounds>): (key: NumberKey) => string {
  const { t, find, number } = useT();
  return (key) => {
    const { min = 0, max, above } = bounds[key];
    const own = find(`training.hint.${key}`);
    const limits =
      max === undefined
        ? t("training.hint.from", { min: number(min) })
        : t(above ? "training.hint.above" : "training.hint.between", { min: number(min), max: number(max) });
    return own ? t("training.hint.both", { limits, own }) : limits;
  };
}

interface ModulesProps {
  draft: Draft;
  change: (draft: Draft) => void;
  options: TrainingOptions;
  error: string | undefined;
  disabled: boolean;
}

function Modules({ draft, change, options, error, disabled }: ModulesProps) {
  const { t } = useT();
  const { target_modules: picked } = draft;
  // In the order of the base model, however they were clicked: the order is part of what decides the weights.
  const toggle = (name: string) =>
    change({
      ...draft,
      target_modules: options.modules.filter((one) => (one === name) !== picked.includes(one)),
    });
  return (
    <fieldset className={css.modules} disabled={disabled} aria-invalid={error ? true : undefined}>
      <legend>{t("training.field.target_modules")}</legend>
      {options.modules.map((name) => (
        <label key={name}>
          <input type="checkbox" checked={picked.includes(name)} onChange={() => toggle(name)} />
          <code>{name}</code>
        </label>
      ))}
      {error && (
        <p className={css.error} role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}
