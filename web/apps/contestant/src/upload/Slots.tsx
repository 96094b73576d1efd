import { bytes, SmallButton, StateMark } from "@gavel/desk";
import { cx } from "@gavel/ui";
import { type DragEvent, useRef, useState } from "react";
import { useT } from "../i18n";
import { ACCEPT, dropped, type Kind, type Problem } from "./files";
import css from "./Upload.module.css";

interface DropProps {
  kind: Exclude<Kind, "prompt">;
  /** Null: what was dropped cannot be read. */
  take: (files: File[] | null) => void;
  children: React.ReactNode;
}

/** Where files are dropped, or chosen by a button. */
export function Drop({ kind, take, children }: DropProps) {
  const { t } = useT();
  const [over, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const drag = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void dropped(event.dataTransfer).then(take, () => take(null));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button below does the same
    <div
      className={cx(css.drop, over && css.over)}
      onDragEnter={drag}
      onDragOver={drag}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className={css.invite}>
        <svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true" fill="none" stroke="var(--gold)">
          <path d="M16 21V6m0 0-5.5 5.5M16 6l5.5 5.5M5 20v4a3 3 0 0 0 3 3h16a3 3 0 0 0 3-3v-4" strokeWidth="2.2" />
        </svg>
        <p>
          {t(`upload.drop_${kind}`)}
          <small>{t("upload.or")}</small>
        </p>
        <SmallButton onClick={() => picker.current?.click()}>{t("upload.choose")}</SmallButton>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          accept={ACCEPT[kind]}
          aria-label={t("upload.choose")}
          onChange={(event) => {
            take([...(event.target.files ?? [])]);
            // The same file may be chosen again after it was repaired.
            event.target.value = "";
          }}
        />
      </div>
      <div className={css.slots}>{children}</div>
    </div>
  );
}

interface SlotProps {
  kind: string;
  name: string;
  limit: number;
  file: File | undefined;
  problem: Problem | null;
  /** It may be sent, but what was read of it will be refused. */
  doubtful?: boolean;
  remove: () => void;
  children?: React.ReactNode;
}

/** One of the files: which was chosen, and what is wrong with it. */
export function Slot({ kind, name, limit, file, problem, doubtful = false, remove, children }: SlotProps) {
  const { t } = useT();
  const tone = file === undefined ? "calm" : problem ? "bad" : doubtful ? "warn" : "good";
  return (
    <section className={css.slot} data-chosen={file !== undefined}>
      <StateMark tone={tone} size={20} />
      <div>
        <h3>
          {kind} <code>{file?.name ?? name}</code>
        </h3>
        <p className={css.note}>
          {file ? bytes(file.size) : `${t("upload.missing")} · ${t("upload.up_to", { size: bytes(limit) })}`}
        </p>
        {problem?.code === "empty" && <p className={css.bad}>{t("upload.empty")}</p>}
        {problem?.code === "other_size" && (
          <p className={css.bad}>{t("upload.other_size", { size: bytes(problem.expected) })}</p>
        )}
        {problem?.code === "too_large" && (
          <p className={css.bad}>{t("upload.too_large", { size: bytes(problem.size), limit: bytes(problem.limit) })}</p>
        )}
        {!problem && children}
      </div>
      {file && (
        <button
          type="button"
          className={css.remove}
          aria-label={t("upload.remove", { name: file.name })}
          onClick={remove}
        >
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" stroke="currentColor" strokeWidth="2">
            <path d="M5 5l10 10M15 5 5 15" strokeLinecap="round" />
          </svg>
        </button>
      )}
    </section>
  );
}
