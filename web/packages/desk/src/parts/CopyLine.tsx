import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";
import css from "./CopyLine.module.css";
import { SmallButton } from "./Small";

const SHOWN_MS = 2_000;

/** Also on a LAN address without HTTPS, where browsers keep the clipboard from scripts. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  // Inside an open dialog everything else is inert: stay next to where the focus is.
  (document.activeElement?.parentElement ?? document.body).append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

export function CopyButton({ text, what }: { text: string; what: string }) {
  const { t } = useT();
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const press = () => {
    void copy(text).then(() => {
      setCopied(true);
      clearTimeout(timer.current);
      timer.current = setTimeout(() => setCopied(false), SHOWN_MS);
    });
  };
  return (
    <SmallButton className={css.button} aria-label={t("copy.copy_what", { what })} onClick={press}>
      <span aria-live="polite">{copied ? t("copy.copied") : t("copy.copy")}</span>
    </SmallButton>
  );
}

/** A text to be taken elsewhere, with a button that takes it. */
export function CopyLine({ text, what }: { text: string; what: string }) {
  return (
    <div className={css.line}>
      <code>{text}</code>
      <CopyButton text={text} what={what} />
    </div>
  );
}
