import "../../i18n";
import { addTexts } from "@gavel/ui";
import en from "./flags.en.json";
import zh from "./flags.zh.json";

/** Of the page that explains the rules; a check does without. */
export const { useT } = addTexts({ zh, en });
