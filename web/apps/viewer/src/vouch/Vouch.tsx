import { api } from "@gavel/api";
import { ErrorNote, Loading } from "@gavel/ui";
import { useEffect, useId, useRef } from "react";
import { asDevice } from "../phone/device";
import { useLoad } from "../shared/load";
import { useT } from "./i18n";
import { MailForm } from "./MailForm";
import { ProviderForm } from "./ProviderForm";
import { SeatForm } from "./SeatForm";
import css from "./Vouch.module.css";

interface VouchProps {
  episode: string;
  /** The level that the vote asks for. */
  needed: number;
  onDone: () => void;
}

/** In place of a refused vote: the ways in which this phone can show who it belongs to. */
export default function Vouch({ episode, needed, onDone }: VouchProps) {
  const { t } = useT();
  const id = useId();
  const title = useRef<HTMLHeadingElement>(null);
  // It has come by a tap: whoever hears the page instead of seeing it is led here, and a small screen scrolls.
  useEffect(() => title.current?.focus(), []);
  const params = { path: { episode_id: episode } };
  const { data, error, retry } = useLoad(`ways.${episode}`, () =>
    asDevice(() => api.get("/api/episodes/{episode_id}/vouchers", { params })),
  );
  const ways = data && needed > 2 ? { ...data, seat: false, mail: false } : data;
  const none = ways && !ways.seat && !ways.mail && !ways.oidc;
  return (
    <section className={css.vouch} aria-labelledby={id} data-vouch>
      <h2 id={id} ref={title} tabIndex={-1}>
        {t("vouch.title")}
      </h2>
      {ways === null && error === null && <Loading />}
      {ways === null && error !== null && <ErrorNote error={error} retry={retry} />}
      {ways && (ways.seat || ways.mail) && <p>{t("vouch.text")}</p>}
      {ways?.seat && <SeatForm episode={episode} onDone={onDone} />}
      {ways?.mail && <MailForm episode={episode} onDone={onDone} />}
      {ways?.oidc && <ProviderForm episode={episode} name={ways.oidc} only={needed > 2} />}
      {none && <p>{t("vouch.none")}</p>}
    </section>
  );
}
