import "../../i18n";
import { addTexts } from "@gavel/ui";
import en from "./en.json";
import zh from "./zh.json";

/** Loaded with the first question to the hall, and its texts with it. */
export const { useT } = addTexts({ zh, en });
