import "../../i18n";
import { addTexts } from "@gavel/ui";
import en from "./en.json";
import zh from "./zh.json";

/** What a phone can show of whom it belongs to; loaded with the first page that says so. */
export const { useT } = addTexts({ zh, en });
