import type { DeskEvent } from "@gavel/api";
import { useTimes } from "@gavel/desk";
import { useT } from "../i18n";
import css from "./Log.module.css";

/** Every command that was carried out, the newest first. */
export function Log({ events }: { events: DeskEvent[] }) {
  const { t, find } = useT();
  const { clock } = useTimes();
  const newest = [...events].sort((a, b) => b.version - a.version);
  return (
    <section className={css.log}>
      <h2>{t("log.title")}</h2>
      {newest.length === 0 && <p>{t("log.empty")}</p>}
      <ol aria-label={t("log.title")}>
        {newest.map((event) => (
          <li key={event.version}>
            <time dateTime={event.at}>{clock(event.at)}</time>
            <b>
              {[find(`log.${event.type}`) ?? event.type, find(`ballots.kind.${event.body.kind}`)]
                .filter(Boolean)
                .join(" · ")}
            </b>
            <Detail event={event} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Detail({ event: { body } }: { event: DeskEvent }) {
  const { t } = useT();
  const { prompt, seconds, root, reason, count, seat } = body;
  if (typeof reason === "string") return <span>{reason}</span>;
  if (typeof prompt === "string") return <span>{prompt}</span>;
  if (typeof seconds === "number") return <span>{t("vote.n", { count: seconds })}</span>;
  if (typeof count === "number") return <span>{t("log.codes", { count })}</span>;
  if (typeof seat === "number") return <span>{t("seats.number", { number: seat })}</span>;
  if (typeof root === "string") return <code>{root.slice(0, 16)}…</code>;
  return null;
}
