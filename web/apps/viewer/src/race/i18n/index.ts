import "../../i18n";
import { addTexts } from "@gavel/ui";
import en from "./en.json";
import zh from "./zh.json";

/** This page is loaded later, and its texts with it. */
export const { useT } = addTexts({ zh, en });
