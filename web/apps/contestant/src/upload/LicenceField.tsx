import type { Licence } from "@gavel/api";
import { Field, SelectField } from "@gavel/desk";
import { useT } from "../i18n";

/** Short names that need no translation (SPDX). */
const SPDX = [
  "CC0-1.0",
  "CC-BY-4.0",
  "CC-BY-SA-4.0",
  "CC-BY-NC-4.0",
  "ODC-By-1.0",
  "ODbL-1.0",
  "PDDL-1.0",
  "MIT",
  "Apache-2.0",
] as const;
const MAX_NOTE = 500;

interface LicenceFieldProps {
  licence: Licence | null;
  change: (licence: Licence | null) => void;
}

/** Under which licence a data set may be used. Nothing is chosen beforehand: it is a declaration. */
export function LicenceField({ licence, change }: LicenceFieldProps) {
  const { t } = useT();
  return (
    <>
      <SelectField
        label={t("dataset.licence")}
        hint={t("dataset.licence_hint")}
        value={licence?.id ?? ""}
        onChange={({ target }) =>
          change(target.value === "" ? null : { id: target.value as Licence["id"], note: licence?.note ?? "" })
        }
      >
        <option value="">{t("dataset.licence_choose")}</option>
        <option value="own">{t("dataset.licence_own")}</option>
        {SPDX.map((id) => (
          <option key={id} value={id}>
            {id}
          </option>
        ))}
        <option value="other">{t("dataset.licence_some")}</option>
      </SelectField>
      {licence && (
        <Field
          label={t("dataset.licence_note")}
          hint={t(licence.id === "other" ? "dataset.licence_note_needed" : "dataset.licence_note_hint")}
          maxLength={MAX_NOTE}
          value={licence.note}
          onChange={({ target }) => change({ ...licence, note: target.value })}
        />
      )}
    </>
  );
}

/** Whether enough is declared to send it. */
export function isDeclared(licence: Licence | null): boolean {
  return licence !== null && (licence.id !== "other" || (licence.note ?? "").trim() !== "");
}
