import "../../i18n";
import { addTexts } from "@gavel/ui";
import en from "./en.json";
import zh from "./zh.json";

/** These pages are loaded later, and their texts with them. */
export const { useT } = addTexts({ zh, en });
