import { useState } from "react";
import { useT } from "./i18n";
import { SeatForm } from "./SeatForm";
import css from "./Vouch.module.css";

/** A seat's printed code was scanned: it stands in the field, and one press uses it. */
export default function Slip({ episode, code }: { episode: string; code: string }) {
  const { t } = useT();
  const [done, setDone] = useState(false);
  const use = () => {
    // Whoever sends the address on does not send a used code with it.
    history.replaceState(null, "", location.pathname + location.search);
    setDone(true);
  };
  return (
    <section className={css.slip} aria-label={t("vouch.slip")}>
      {done ? (
        <p role="status">✓ {t("vouch.done")}</p>
      ) : (
        <>
          <h2>{t("vouch.slip")}</h2>
          <p>{t("vouch.slip_text")}</p>
          <SeatForm episode={episode} code={code.replace(/(\w{3})(?=\w)/g, "$1-")} onDone={use} />
        </>
      )}
    </section>
  );
}
