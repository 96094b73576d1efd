import { api } from "@gavel/api";
import { Button } from "@gavel/ui";
import { useState } from "react";
import { asDevice } from "../phone/device";
import { useT } from "./i18n";
import css from "./Vouch.module.css";

interface ProviderFormProps {
  episode: string;
  name: string;
  /** Nothing else is enough. */
  only: boolean;
}

/** Goes to the provider's page. It sends the browser back to this one, which then says what came of it. */
export function ProviderForm({ episode, name, only }: ProviderFormProps) {
  const { t, errorText } = useT();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const params = { path: { episode_id: episode } };
  const go = () => {
    setBusy(true);
    setError(null);
    asDevice(() => api.post("/api/episodes/{episode_id}/vouchers/oidc", { params }))
      .then(({ url }) => location.assign(url))
      .catch((refused) => {
        setError(refused);
        setBusy(false);
      });
  };
  return (
    <div className={css.entry}>
      {only && <p>{t("vouch.oidc_only", { name })}</p>}
      {error === null ? (
        <p className={css.hint}>{t("vouch.oidc_hint", { name })}</p>
      ) : (
        <p className={css.bad} role="alert">
          {errorText(error)}
        </p>
      )}
      <Button tone="gold" wide disabled={busy} onClick={go}>
        {busy ? t("vouch.busy") : t("vouch.oidc", { name })}
      </Button>
    </div>
  );
}
