import { setupI18n } from "@gavel/ui";
import en from "./en.json";
import zh from "./zh.json";

export const { useT } = setupI18n({ zh, en });
