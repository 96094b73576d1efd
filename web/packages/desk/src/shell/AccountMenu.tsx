import type { Me } from "@gavel/api";
import { Button } from "@gavel/ui";
import { useEffect, useRef, useState } from "react";
import { useT } from "../i18n";
import { useSignOut } from "../session";
import css from "./AccountMenu.module.css";
import { ThemeSwitch } from "./ThemeSwitch";

/** Who is signed in, how the page looks, and the way out. */
export function AccountMenu({ me }: { me: Me }) {
  const { t } = useT();
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const signOut = useSignOut();
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const leave = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      box.current?.querySelector("button")?.focus();
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    document.addEventListener("keydown", leave);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      document.removeEventListener("keydown", leave);
    };
  }, [open]);
  return (
    <div className={css.account} ref={box}>
      <button
        type="button"
        className={css.button}
        aria-expanded={open}
        aria-label={t("auth.account", { name: me.display_name })}
        onClick={() => setOpen(!open)}
      >
        <span aria-hidden="true">{[...me.display_name][0]?.toUpperCase()}</span>
      </button>
      {open && (
        <div className={css.panel}>
          <p className={css.who}>
            <small>{t("auth.signed_in_as")}</small>
            <b>{me.display_name}</b>
            <span>{me.email}</span>
            <span>{me.roles.map((role) => t(`role.${role}`)).join(" · ")}</span>
          </p>
          <ThemeSwitch />
          <Button wide disabled={signOut.isPending} onClick={() => signOut.mutate()}>
            {t("auth.sign_out")}
          </Button>
        </div>
      )}
    </div>
  );
}
