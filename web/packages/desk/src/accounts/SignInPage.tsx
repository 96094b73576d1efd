import { Button, Card, Mark } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { useTitle } from "../shell/Page";
import { type DeskName, Shell } from "../shell/Shell";
import { AuthForm } from "./AuthForm";
import css from "./accounts.module.css";

/** Everybody may become a contestant; the other desks are by invitation. */
export function SignInPage({ desk }: { desk: DeskName }) {
  const { t } = useT();
  const [mode, setMode] = useState<"sign_in" | "register">("sign_in");
  const open = desk === "contestant";
  useTitle(t(`auth.${mode}_title`));
  return (
    <Shell desk={desk} width="narrow">
      <div className={css.door}>
        <Mark size={64} />
        <h1>{t(`desk.${desk}`)}</h1>
      </div>
      <Card className={css.card}>
        <h2>{t(`auth.${mode}_title`)}</h2>
        <AuthForm key={mode} mode={mode} />
        {open ? (
          <p className={css.other}>
            {t(mode === "sign_in" ? "auth.to_register" : "auth.to_sign_in")}
            <Button tone="bare" onClick={() => setMode(mode === "sign_in" ? "register" : "sign_in")}>
              {t(mode === "sign_in" ? "auth.register" : "auth.sign_in")}
            </Button>
          </p>
        ) : (
          <p className={css.hint}>{t("auth.by_invitation")}</p>
        )}
      </Card>
    </Shell>
  );
}
