import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";
import css from "./CopyLine.module.css";
import { SmallButton } from "./Small";

const SHOWN_MS = 2_000;

/** Whether the text was copied. Also on a LAN address without HTTPS, where browsers keep the clipboard from scripts. */
async function copy(text: string): Promise<boolean> {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  const area = document.createElement("textarea");
  area.value = text;
  // Inside an open dialog everything else is inert: stay next to where the focus is.
  const button = document.activeElement as HTMLElement | null;
  (button?.parentElement ?? document.body).append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  button?.focus();
  return copied;
}

export function CopyButton({ text, what }: { text: string; what: string }) {
  const { t } = useT();
  const [said, say] = useState<"copied" | "failed" | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const press = () => {
    void copy(text).then((copied) => {
      say(copied ? "copied" : "failed");
      clearTimeout(timer.current);
      timer.current = setTimeout(() => say(null), SHOWN_MS);
    });
  };
  return (
    <>
      <SmallButton className={css.button} aria-label={t("copy.copy_what", { what })} onClick={press}>
        {t(`copy.${said ?? "copy"}`)}
      </SmallButton>
      {/* Not in the button, whose own name hides what is inside it. */}
      <span className="hidden" role="status">
        {said && t(`copy.${said}`)}
      </span>
    </>
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
