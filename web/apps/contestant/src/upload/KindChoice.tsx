import { useId } from "react";
import { useT } from "../i18n";
import type { Kind } from "./files";
import css from "./KindChoice.module.css";

interface KindChoiceProps {
  /** What the track takes. */
  kinds: Kind[];
  kind: Kind;
  pick: (kind: Kind) => void;
}

/** What is sent: one of the kinds that the track takes. Nothing to choose where there is one only. */
export function KindChoice({ kinds, kind, pick }: KindChoiceProps) {
  const { t } = useT();
  const name = useId();
  if (kinds.length < 2) return null;
  return (
    <fieldset className={css.kinds}>
      <legend>{t("kind.choose")}</legend>
      {kinds.map((one) => (
        <label key={one} className={css.kind} data-picked={one === kind}>
          <input type="radio" name={name} checked={one === kind} onChange={() => pick(one)} />
          <span>
            <b>{t(`kind.${one}.name`)}</b>
            <small>{t(`kind.${one}.text`)}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
