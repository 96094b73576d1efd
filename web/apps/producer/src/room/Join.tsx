import type { Episode } from "@gavel/api";
import { CopyButton } from "@gavel/desk";
import { Card, Link } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Rail.module.css";

/** The code the hall types in, and the pages it leads to. */
export function Join({ episode: { id, code } }: { episode: Episode }) {
  const { t } = useT();
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
      </div>
    </Card>
  );
}
