import { ApiError } from "@gavel/api";
import { SmallButton, StateMark } from "@gavel/desk";
import { useT } from "../i18n";
import css from "./Room.module.css";

/** Why a command was not carried out. Somebody else having been faster is no fault, only news. */
export function Refusal({ error, onDismiss }: { error: Error; onDismiss: () => void }) {
  const { t, errorText } = useT();
  const moved = error instanceof ApiError && error.code === "rundown.version_conflict";
  return (
    <div className={css.refusal} data-moved={moved || undefined} role="alert">
      <StateMark tone={moved ? "warn" : "bad"} size={20} />
      <p>{moved ? t("room.moved") : errorText(error)}</p>
      <SmallButton tone="bare" onClick={onDismiss}>
        {t("room.dismiss")}
      </SmallButton>
    </div>
  );
}
