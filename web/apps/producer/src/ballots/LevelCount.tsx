import { Levels } from "@gavel/ui/levels";
import { useT } from "../i18n";

/** How sure it is who has voted. */
export function LevelCount({ levels }: { levels: { [level: string]: number } }) {
  const { t } = useT();
  return <Levels levels={levels} caption={t("ballots.by_level")} nameOf={(level) => t(`ballots.levels.${level}`)} />;
}
