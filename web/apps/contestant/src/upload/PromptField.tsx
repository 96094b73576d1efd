import type { Season } from "@gavel/api";
import { SmallButton } from "@gavel/desk";
import { useMemo, useRef, useState } from "react";
import { useT } from "../i18n";
import { ACCEPT, type Files, MAX_PROMPT_BYTES, PROMPT } from "./files";
import css from "./PromptField.module.css";

export interface Prompt {
  text: string;
  write: (text: string) => void;
  /** The text as the file that is sent; nothing while it is blank or too long. */
  files: Files;
  length: number;
  tooLong: boolean;
}

/** A system prompt that is being written. */
export function usePrompt(season: Season): Prompt {
  const [text, write] = useState("");
  // Characters as the portal counts them: code points of the composed form, without blanks around.
  const length = [...text.normalize("NFC").trim()].length;
  const tooLong = length > season.track.max_system_chars;
  const usable = length > 0 && !tooLong;
  // The same text is the same file, so that an upload that broke goes on with it.
  const files = useMemo(() => {
    const made: Files = {};
    if (usable) made[PROMPT] = new File([text], PROMPT, { type: "text/plain" });
    return made;
  }, [text, usable]);
  return { text, write, files, length, tooLong };
}

/** Typed here, or read from a text file. */
export function PromptField({ prompt, season }: { prompt: Prompt; season: Season }) {
  const { t, number } = useT();
  const [unreadable, setUnreadable] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const limit = season.track.max_system_chars;
  const read = async (file: File | undefined) => {
    if (!file) return;
    const text = file.size <= MAX_PROMPT_BYTES ? await file.text().catch(() => null) : null;
    setUnreadable(text === null);
    if (text !== null) prompt.write(text);
  };
  return (
    <div className={css.field}>
      <label>
        {t("prompt.label")}
        <textarea
          value={prompt.text}
          rows={8}
          spellCheck={false}
          aria-describedby="prompt-count"
          aria-invalid={prompt.tooLong || undefined}
          placeholder={t("prompt.placeholder")}
          onChange={(event) => prompt.write(event.target.value)}
        />
      </label>
      <div className={css.foot}>
        <p id="prompt-count" className={prompt.tooLong ? css.bad : css.note}>
          {t(prompt.tooLong ? "prompt.too_long" : "prompt.count", { n: number(prompt.length), limit: number(limit) })}
        </p>
        <SmallButton onClick={() => picker.current?.click()}>{t("prompt.open")}</SmallButton>
        <input
          ref={picker}
          type="file"
          hidden
          accept={ACCEPT.prompt}
          aria-label={t("prompt.open")}
          onChange={(event) => {
            void read(event.target.files?.[0]);
            event.target.value = "";
          }}
        />
      </div>
      {unreadable && (
        <p className={css.bad} role="alert">
          {t("prompt.unreadable")}
        </p>
      )}
      <p className={css.note}>{t("prompt.rules")}</p>
    </div>
  );
}
