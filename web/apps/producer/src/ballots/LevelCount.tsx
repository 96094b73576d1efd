import type { StageResult } from "@gavel/api";
import { Levels } from "@gavel/ui/levels";
import { useT } from "../i18n";

/** How sure it is who has voted. */
export function LevelCount({ count: { levels, seats } }: { count: Pick<StageResult, "levels" | "seats"> }) {
  const { t } = useT();
  return (
    <Levels
      levels={levels}
      caption={t("ballots.by_level")}
      nameOf={(level) => t(`ballots.levels.${level}`)}
      seats={!!seats.made && t("ballots.seat_codes", seats)}
    />
  );
}
