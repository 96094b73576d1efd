import type { Entry, Season } from "@gavel/api";
import { useTimes } from "@gavel/desk";
import { Link } from "@gavel/ui";
import { useNow } from "../app/queries";
import { useT } from "../i18n";
import { quotaOf } from "./quota";
import { Unfinished } from "./Unfinished";
import { Upload } from "./Upload";
import css from "./Upload.module.css";
import { isRunning, useUploadOf } from "./useUpload";

interface UploadCardProps {
  entry: Entry;
  /** All of mine: one upload at a time. */
  entries: Entry[];
  season: Season;
}

/** The form for the next version, or why there is none now. */
export function UploadCard({ entry, entries, season }: UploadCardProps) {
  const { t } = useT();
  const { moment } = useTimes();
  const now = useNow();
  const running = isRunning(useUploadOf(entry.id));
  const unfinished = entry.submissions.find((one) => one.state === "uploading");
  const elsewhere = entries.find((one) => one !== entry && one.submissions.some((sub) => sub.state === "uploading"));
  const quota = quotaOf(entry, season, now);
  const late = season.closes_at !== null && Date.parse(season.closes_at) < now;

  const closed = () => {
    if (running) return null;
    if (late) return t("upload.closed", { time: moment(season.closes_at ?? now) });
    if (unfinished) return null;
    if (elsewhere) {
      return (
        <>
          {t("upload.elsewhere", { name: elsewhere.name })}{" "}
          <Link to={`/entries/${elsewhere.id}`}>{t("upload.to_elsewhere")}</Link>
        </>
      );
    }
    if (quota.season === 0) return t("entry.full");
    if (quota.again !== null) {
      return t("upload.day_full", { count: season.versions_per_day, time: moment(quota.again) });
    }
    return null;
  };
  const reason = closed();
  if (reason !== null) {
    return (
      <div className={css.upload}>
        <p className={css.closed}>{reason}</p>
        {unfinished && <Unfinished submission={unfinished} late />}
      </div>
    );
  }
  const version = unfinished?.version ?? (entry.submissions[0]?.version ?? 0) + 1;
  return (
    <div className={css.upload}>
      {!running && <Rules season={season} left={unfinished ? null : quota} />}
      <Upload entry={entry.id} version={version} unfinished={unfinished} season={season} />
    </div>
  );
}

/** Until when, and how many more. */
function Rules({ season, left }: { season: Season; left: { season: number; day: number } | null }) {
  const { t, language } = useT();
  const { moment } = useTimes();
  const parts = [
    left && t("upload.quota", { season: left.season, day: Math.min(left.day, left.season) }),
    season.closes_at && t("upload.until", { time: moment(season.closes_at) }),
  ];
  const said = parts.filter(Boolean).join(language === "zh" ? "" : " ");
  return said === "" ? null : <p className={css.note}>{said}</p>;
}
