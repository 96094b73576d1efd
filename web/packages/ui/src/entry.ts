import type { EntryName } from "@gavel/api";
import { useT } from "./i18n";

/** What an entry is called here: contestants chose their names, the house's is ours to translate. */
export function useEntryName(): (entry: Pick<EntryName, "name" | "kind">) => string {
  const { t } = useT();
  return ({ name, kind }) => (kind === "house" ? t("house") : name);
}
