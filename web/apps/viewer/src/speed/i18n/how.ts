import "../../i18n";
import { addTexts } from "@gavel/ui";
import en from "./how.en.json";
import zh from "./how.zh.json";

/** Of the page that explains; the results do without. */
export const { useT } = addTexts({ zh, en });
