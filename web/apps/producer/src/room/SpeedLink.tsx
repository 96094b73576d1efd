import { Card, Link } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Rail.module.css";

/** Speed is measured on a page of its own: it is no part of the rundown. */
export function SpeedLink({ episode }: { episode: string }) {
  const { t } = useT();
  return (
    <Card className={css.card}>
      <h2>{t("speed.title")}</h2>
      <p className={css.mute}>{t("speed.rail")}</p>
      <div className={css.links}>
        <Link to={`/episodes/${episode}/speed`}>{t("speed.open")}</Link>
      </div>
    </Card>
  );
}
