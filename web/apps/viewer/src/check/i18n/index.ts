import { addTexts } from "@gavel/ui";
import "../../i18n";
import en from "./en.json";
import zh from "./zh.json";

export const { useT } = addTexts({ zh, en });
