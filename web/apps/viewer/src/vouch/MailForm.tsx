import { api } from "@gavel/api";
import { Button } from "@gavel/ui";
import { useState } from "react";
import { asDevice } from "../phone/device";
import { Entry } from "./Entry";
import { useT } from "./i18n";
import css from "./Vouch.module.css";

/** First the address, then the six digits that came there. */
export function MailForm({ episode, onDone }: { episode: string; onDone: () => void }) {
  const { t, language } = useT();
  const [address, setAddress] = useState("");
  const [code, setCode] = useState("");
  const [sent, setSent] = useState(false);
  const params = { path: { episode_id: episode } };
  const ask = () =>
    asDevice(() => api.post("/api/episodes/{episode_id}/vouchers/mail", { params, body: { address, language } })).then(
      () => setSent(true),
    );
  const confirm = () =>
    asDevice(() =>
      api.post("/api/episodes/{episode_id}/vouchers/mail/confirm", { params, body: { code: code.trim() } }),
    ).then(onDone);
  if (!sent)
    return (
      <Entry
        label={t("vouch.mail")}
        hint={t("vouch.mail_hint")}
        action={t("vouch.mail_send")}
        value={address}
        onChange={setAddress}
        send={ask}
        type="email"
        maxLength={254}
        autoCapitalize="off"
        autoComplete="email"
      />
    );
  return (
    <>
      <Entry
        key="code"
        label={t("vouch.mail_code")}
        hint={t("vouch.mail_sent", { address })}
        action={t("vouch.mail_confirm")}
        value={code}
        onChange={setCode}
        send={confirm}
        inputMode="numeric"
        maxLength={6}
        autoComplete="one-time-code"
        autoFocus
      />
      <Button
        className={css.again}
        tone="bare"
        onClick={() => {
          setSent(false);
          setCode("");
        }}
      >
        {t("vouch.mail_again")}
      </Button>
    </>
  );
}
