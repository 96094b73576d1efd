import { api, type Episode } from "@gavel/api";
import { CopyButton, Dialog, SmallButton } from "@gavel/desk";
import { Card, ErrorNote, Link } from "@gavel/ui";
import { Qr } from "@gavel/ui/qr";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Rail.module.css";

/** The code the hall types in, and the pages it leads to. */
export function Join({ episode: { id, code } }: { episode: Episode }) {
  const { t } = useT();
  const [links, show] = useState(false);
  const phone = `/s/${code}`;
  return (
    <Card className={css.card}>
      <h2>{t("join_code.title")}</h2>
      <p className={css.code}>{code}</p>
      <div className={css.links}>
        <a href={phone} target="_blank" rel="noreferrer">
          {t("join_code.phone")}
        </a>
        <a href={`/stage/${id}`} target="_blank" rel="noreferrer">
          {t("join_code.stage")}
        </a>
        <Link to={`/episodes/${id}/seats`}>{t("seats.title")}</Link>
        <CopyButton text={location.origin + phone} what={t("join_code.link")} />
        <SmallButton onClick={() => show(true)}>{t("join_code.channels")}</SmallButton>
      </div>
      {links && <Channels episode={id} onClose={() => show(false)} />}
    </Card>
  );
}

/** Who sees the show later votes later, if the phone has joined by the link of that channel. */
function Channels({ episode, onClose }: { episode: string; onClose: () => void }) {
  const { t, find } = useT();
  const { data, error } = useQuery({
    queryKey: ["channels", episode],
    queryFn: () => api.get("/api/episodes/{episode_id}/channels", { params: { path: { episode_id: episode } } }),
  });
  return (
    <Dialog title={t("join_code.channels")} onClose={onClose}>
      <p>{t("join_code.channels_text")}</p>
      {error && <ErrorNote error={error} />}
      <ul className={css.channels}>
        {data?.map(({ channel, path }) => {
          const name = find(`join_code.channel.${channel}`) ?? channel;
          const url = location.origin + path;
          return (
            <li key={channel}>
              <Qr text={url} label={url} className={css.qr} />
              <h3>{name}</h3>
              <code>{url}</code>
              <div className={css.links}>
                <CopyButton text={url} what={name} />
                <a href={`/stage/${episode}${new URL(url).search}`} target="_blank" rel="noreferrer">
                  {t("join_code.stage")}
                </a>
              </div>
            </li>
          );
        })}
      </ul>
    </Dialog>
  );
}
