import { Button, cx } from "@gavel/ui";
import { type InputHTMLAttributes, type ReactNode, useId, useState } from "react";
import { useT } from "./i18n";
import css from "./Vouch.module.css";

interface EntryProps extends Omit<InputHTMLAttributes<HTMLInputElement>, "onChange"> {
  label: string;
  hint: ReactNode;
  action: string;
  value: string;
  onChange: (value: string) => void;
  /** Rejects with what was wrong, which is said beside the field. */
  send: () => Promise<unknown>;
}

/** One field and its button. */
export function Entry({ label, hint, action, value, onChange, send, ...rest }: EntryProps) {
  const { t, errorText } = useT();
  const id = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <form
      className={css.entry}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setBusy(true);
        setError(null);
        send()
          .catch(setError)
          .finally(() => setBusy(false));
      }}
    >
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        aria-invalid={error !== null}
        aria-describedby={`${id}-hint`}
        autoCorrect="off"
        spellCheck={false}
        enterKeyHint="go"
        {...rest}
      />
      <p
        id={`${id}-hint`}
        className={cx(css.hint, error !== null && css.bad)}
        role={error === null ? undefined : "alert"}
      >
        {error === null ? hint : errorText(error)}
      </p>
      <Button type="submit" tone="gold" wide disabled={busy || value.trim() === ""}>
        {busy ? t("vouch.busy") : action}
      </Button>
    </form>
  );
}
