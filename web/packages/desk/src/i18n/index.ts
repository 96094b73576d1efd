import { setupI18n, type Translation, useT as useShared } from "@gavel/ui";
import en from "./en.json";
import zh from "./zh.json";

/** Start a desk's language: the shared texts, the texts of all desks, and its own. */
export function setupDesk<C extends object>(own: { zh: object; en: C }) {
  return setupI18n({ zh, en }, own);
}

/** For the components of this package. */
export const useT = useShared as unknown as () => Translation<typeof en>;
