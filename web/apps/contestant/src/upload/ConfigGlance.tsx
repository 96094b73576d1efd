import { useEffect, useState } from "react";
import { useT } from "../i18n";
import { type Glance, glance, MAX_CONFIG_BYTES } from "./files";
import css from "./Upload.module.css";

/** What adapter_config.json says, read on this device. */
export function useGlance(file: File | undefined): Glance | null {
  const [seen, setSeen] = useState<{ file: File; glance: Glance } | null>(null);
  useEffect(() => {
    if (file === undefined || file.size > MAX_CONFIG_BYTES) return;
    let current = true;
    const see = (found: Glance) => current && setSeen({ file, glance: found });
    void file.text().then(
      (text) => see(glance(text)),
      // Moved or changed on the disk since it was chosen.
      () => see("unreadable"),
    );
    return () => {
      current = false;
    };
  }, [file]);
  return seen?.file === file ? (seen?.glance ?? null) : null;
}

/** The declared rank, and whether it can pass. */
export function RankNote({ config, max }: { config: Glance | null; max: number }) {
  const { t } = useT();
  if (typeof config === "string") return <p className={css.bad}>{t(`upload.${config}`)}</p>;
  if (config === null || config.rank === null) return null;
  if (config.rank > max) return <p className={css.bad}>{t("upload.rank_high", { rank: config.rank, max })}</p>;
  return <p className={css.note}>{t("upload.rank", { rank: config.rank })}</p>;
}
