import { Button, type ButtonProps, ErrorNote } from "@gavel/ui";
import { type ReactNode, useId, useLayoutEffect, useRef } from "react";
import { useT } from "../i18n";
import css from "./Dialog.module.css";

interface DialogProps {
  title: string;
  children: ReactNode;
  onClose: () => void;
  /** Buttons at the end, the main one last. */
  actions?: ReactNode;
  wide?: boolean;
}

/**
 * A modal dialog for as long as it is rendered. Escape and a tap outside close it. The focus goes to what is marked
 * `data-autofocus` (React's own `autoFocus` comes before the dialog is open), and back to where it came from.
 */
export function Dialog({ title, children, onClose, actions, wide = false }: DialogProps) {
  const { t } = useT();
  const id = useId();
  const box = useRef<HTMLDialogElement>(null);
  // Not a passive effect, whose end comes after the dialog has left the page: no browser gives the focus back then.
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a modal dialog by itself
    <dialog
      ref={box}
      className={css.dialog}
      data-wide={wide || undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === box.current && onClose()}
    >
      <div className={css.inside}>
        <header>
          <h2 id={id}>{title}</h2>
          <button type="button" className={css.close} aria-label={t("dialog.close")} onClick={onClose}>
            <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" stroke="currentColor" strokeWidth="2">
              <path d="M5 5l10 10M15 5 5 15" strokeLinecap="round" />
            </svg>
          </button>
        </header>
        {children}
        {actions && <footer>{actions}</footer>}
      </div>
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  children: ReactNode;
  /** What the confirming button says: the deed itself, not “OK”. */
  action: string;
  tone?: ButtonProps["tone"];
  busy?: boolean;
  error?: unknown;
  onConfirm: () => void;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. The safe answer has the focus. */
export function Confirm({
  title,
  children,
  action,
  tone = "danger",
  busy = false,
  error,
  onConfirm,
  onClose,
}: ConfirmProps) {
  const { t } = useT();
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button data-autofocus onClick={onClose}>
            {t("dialog.cancel")}
          </Button>
          <Button tone={tone} disabled={busy} onClick={onConfirm}>
            {action}
          </Button>
        </>
      }
    >
      <div className={css.text}>{children}</div>
      {error != null && <ErrorNote error={error} />}
    </Dialog>
  );
}
