import type { PrintedSheet } from "@gavel/api";
import { PageHead } from "@gavel/desk";
import { Card, EmptyState, ErrorNote, Link, Loading } from "@gavel/ui";
import { useState } from "react";
import { useEpisodes, useSeats } from "../app/queries";
import { useT } from "../i18n";
import { Make } from "./Make";
import css from "./Seats.module.css";
import { Sheet } from "./Sheet";
import { Slips } from "./Slips";

/** The seat codes of an episode: make them, print them, see how many are used, take one back. */
export function SeatsPage({ id }: { id: string }) {
  const { t } = useT();
  const { data, error, isPending } = useSeats(id, true);
  const episode = useEpisodes().data?.find((one) => one.id === id);
  const name = episode && t("room.episode", { number: episode.number, title: episode.title });
  const [printed, setPrinted] = useState<PrintedSheet | null>(null);
  return (
    <>
      <PageHead title={t("seats.title")} kicker={name} actions={<Link to={`/episodes/${id}`}>{t("speed.room")}</Link>}>
        {t("seats.lead")}
      </PageHead>
      {printed ? (
        <Slips printed={printed} title={episode?.title ?? ""} onClose={() => setPrinted(null)} />
      ) : (
        <Card className={css.card}>
          <h2>{t("seats.new")}</h2>
          <Make episode={id} onMade={setPrinted} />
        </Card>
      )}
      {error && <ErrorNote error={error} />}
      {isPending && !error && <Loading />}
      {data && <p className={css.mail}>{data.mail ? t("seats.mail", { count: data.by_mail }) : t("seats.no_mail")}</p>}
      {data?.sheets.length === 0 && <EmptyState title={t("seats.empty")}>{t("seats.empty_text")}</EmptyState>}
      {data && data.sheets.length > 0 && (
        <ul className={css.list} aria-label={t("seats.list")}>
          {data.sheets.map((sheet) => (
            <li key={sheet.id}>
              <Sheet episode={id} sheet={sheet} onMade={setPrinted} />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
