import { ApiError, api } from "@gavel/api";
import { Button } from "@gavel/ui";
import { useState } from "react";
import { asDevice } from "../phone/device";
import { forget, recall, remember } from "../shared/remember";
import { Entry } from "./Entry";
import { useT } from "./i18n";
import css from "./Vouch.module.css";

/** A code may be in the mailbox: it was sent a moment ago, or no answer came, which says nothing about the e-mail. */
const mayHaveCome = (error: unknown) => error instanceof ApiError && error.retryable;

/** First the address, then the six digits that came there. A phone that drops the page meanwhile knows where it was. */
export function MailForm({ episode, onDone }: { episode: string; onDone: () => void }) {
  const { t, language, errorText } = useT();
  const slot = `mailed.${episode}`;
  const [address, setAddress] = useState("");
  const [code, setCode] = useState("");
  const [typing, setTyping] = useState(recall(slot) === true);
  /** What came of asking for the e-mail, while this page knows it. */
  const [answer, setAnswer] = useState<{ refusal: unknown } | null>(null);
  const params = { path: { episode_id: episode } };
  const ask = () =>
    asDevice(() => api.post("/api/episodes/{episode_id}/vouchers/mail", { params, body: { address, language } }))
      .then(
        () => null,
        (error) => {
          if (mayHaveCome(error)) return error;
          throw error;
        },
      )
      .then((refusal) => {
        remember(slot, true);
        setAnswer({ refusal });
        setTyping(true);
      });
  const confirm = () =>
    asDevice(() =>
      api.post("/api/episodes/{episode_id}/vouchers/mail/confirm", { params, body: { code: code.trim() } }),
    ).then(() => {
      forget(slot);
      onDone();
    });
  if (!typing)
    return (
      <>
        <Entry
          key="address"
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
        <Button className={css.again} tone="bare" onClick={() => setTyping(true)}>
          {t("vouch.mail_have")}
        </Button>
      </>
    );
  return (
    <>
      <Entry
        key="code"
        label={t("vouch.mail_code")}
        hint={
          <>
            {answer && (answer.refusal ? errorText(answer.refusal) : t("vouch.mail_sent", { address }))}{" "}
            {t("vouch.mail_code_hint")}
          </>
        }
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
          forget(slot);
          setTyping(false);
          setAnswer(null);
          setCode("");
        }}
      >
        {t("vouch.mail_again")}
      </Button>
    </>
  );
}
