import { addTexts } from "@gavel/ui";
import "../../i18n";
import mainEn from "../../i18n/en.json";
import mainZh from "../../i18n/zh.json";
import en from "./en.json";
import zh from "./zh.json";

/** The board's words that the phone carries, and those that only its own pages need. */
export const { useT } = addTexts({ zh: { board: mainZh.board, ...zh }, en: { board: mainEn.board, ...en } });
