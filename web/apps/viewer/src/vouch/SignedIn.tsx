import { ApiError } from "@gavel/api";
import { useEffect } from "react";
import { useT } from "./i18n";
import css from "./Vouch.module.css";

/** Back from the provider: what came of it. */
export default function SignedIn({ said }: { said: string }) {
  const { t, errorText } = useT();
  // Whoever loads the page anew, or sends its address on, has not just come back.
  useEffect(() => history.replaceState(null, "", location.pathname + location.search), []);
  return (
    <section className={css.slip} aria-label={t("vouch.oidc_back")}>
      {said === "done" ? (
        <p role="status">✓ {t("vouch.oidc_done")}</p>
      ) : (
        <p className={css.bad} role="alert">
          {errorText(new ApiError(said, t("error.oidc.not_proven"), 0))}
        </p>
      )}
    </section>
  );
}
