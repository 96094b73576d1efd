import { ApiError, api, type Me } from "@gavel/api";
import { Button, ErrorNote } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useT } from "../i18n";
import { Field } from "../parts/Field";
import { useArrive } from "../session";
import css from "./accounts.module.css";

const PASSWORD_LENGTH = 10;

const FIELDS = ["display_name", "email", "password"] as const;

/** What is wrong with each field of a refused form. The portal says it in English only; each field has one rule. */
function useFieldErrors(error: unknown): Partial<Record<(typeof FIELDS)[number], string>> {
  const { t } = useT();
  if (!(error instanceof ApiError) || error.code !== "request.invalid") return {};
  const refused = (error.detail.fields ?? []) as { field: string }[];
  const wrong = FIELDS.filter((name) => refused.some(({ field }) => field === name));
  return Object.fromEntries(wrong.map((name) => [name, t(`auth.wrong.${name}`)]));
}

interface AuthFormProps {
  mode: "sign_in" | "register";
  invitation?: string;
  onDone?: (me: Me) => void;
}

/** Sign in, or register (with the role of an invitation when there is one). */
export function AuthForm({ mode, invitation, onDone }: AuthFormProps) {
  const { t } = useT();
  const arrive = useArrive();
  const [visible, setVisible] = useState(false);
  const send = useMutation({
    mutationFn: ({ email, password, display_name }: { email: string; password: string; display_name: string }) =>
      mode === "sign_in"
        ? api.post("/api/auth/login", { body: { email, password } })
        : api.post("/api/auth/register", { body: { email, password, display_name, invitation: invitation ?? null } }),
    onSuccess: (me) => {
      arrive(me);
      onDone?.(me);
    },
  });
  const wrong = useFieldErrors(send.error);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? "");
    send.mutate({ email: text("email").trim(), password: text("password"), display_name: text("display_name").trim() });
  };
  return (
    <form className={css.form} onSubmit={submit}>
      {mode === "register" && (
        <Field
          label={t("auth.name")}
          hint={t("auth.name_hint")}
          name="display_name"
          autoComplete="name"
          maxLength={60}
          required
          error={wrong.display_name}
        />
      )}
      <Field
        label={t("auth.email")}
        name="email"
        type="email"
        autoComplete="username"
        inputMode="email"
        maxLength={254}
        required
        error={wrong.email}
      />
      <Field
        label={t("auth.password")}
        hint={mode === "register" ? t("auth.password_hint") : undefined}
        name="password"
        type={visible ? "text" : "password"}
        autoComplete={mode === "register" ? "new-password" : "current-password"}
        minLength={mode === "register" ? PASSWORD_LENGTH : undefined}
        maxLength={200}
        required
        error={wrong.password}
        end={
          <button
            type="button"
            aria-pressed={visible}
            aria-label={t("auth.show_password")}
            onClick={() => setVisible(!visible)}
          >
            <Eye crossed={visible} />
          </button>
        }
      />
      {send.error != null && <ErrorNote error={send.error} />}
      <Button tone="gold" type="submit" wide disabled={send.isPending}>
        {send.isPending ? t("auth.working") : t(`auth.${mode}`)}
      </Button>
    </form>
  );
}

function Eye({ crossed }: { crossed: boolean }) {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor">
      <path d="M1.8 10S4.7 4.6 10 4.6 18.2 10 18.2 10 15.3 15.4 10 15.4 1.8 10 1.8 10Z" strokeWidth="1.6" />
      <circle cx="10" cy="10" r="2.6" strokeWidth="1.6" />
      {crossed && <path d="M3.5 17 16.5 3" strokeWidth="1.8" strokeLinecap="round" />}
    </svg>
  );
}
