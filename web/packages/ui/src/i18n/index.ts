import { ApiError } from "@gavel/api";
import i18next from "i18next";
import { useMemo, useSyncExternalStore } from "react";
import en from "./en.json";
import zh from "./zh.json";

export const LANGUAGES = ["zh", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Variables = Record<string, string | number>;

type WithoutPlural<K extends string> = K extends `${infer Stem}_${"one" | "other"}` ? Stem : K;

/** The dotted paths of a catalog's texts, plural endings left out. */
export type Key<C> = {
  [K in keyof C & string]: C[K] extends string ? WithoutPlural<K> : `${K}.${Key<C[K]>}`;
}[keyof C & string];

export type Translate<C = typeof en> = (key: Key<C>, variables?: Variables) => string;

const STORED = "gavel.language";
const i18n = i18next.createInstance();

function isLanguage(value: unknown): value is Language {
  return LANGUAGES.includes(value as Language);
}

/** A private window may refuse storage: the choice then lasts as long as the page. */
function stored(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** `?lang=` (for overlays), then what was chosen here before, then the browser's wish. */
function initial(): Language {
  const wished = [new URLSearchParams(location.search).get("lang"), stored()];
  const chosen = wished.find(isLanguage);
  if (chosen !== undefined) return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function apply(language: Language): void {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
}

/**
 * Start the page's language with its own catalogs on top of the shared ones, branch by branch: a catalog may add to
 * what another has begun. Returns a typed `useT` that knows all of them.
 */
export function setupI18n<C extends object, D extends object = object>(
  own: { zh: object; en: C },
  onTop?: { zh: object; en: D },
) {
  const language = initial();
  i18n.init({
    lng: language,
    fallbackLng: "en",
    resources: { zh: { translation: zh }, en: { translation: en } },
    // React escapes.
    interpolation: { escapeValue: false },
  });
  apply(language);
  addTexts(own);
  return addTexts<C & D>((onTop ?? own) as { zh: object; en: C & D });
}

/** For a page that is loaded later: its texts come with it and weigh on nobody else. */
export function addTexts<C extends object>(own: { zh: object; en: C }) {
  for (const name of LANGUAGES) i18n.addResourceBundle(name, "translation", own[name], true, true);
  return { useT: useTranslation as unknown as () => Translation<C & typeof en> };
}

export function setLanguage(language: Language): void {
  void i18n.changeLanguage(language);
  apply(language);
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // See stored().
  }
}

export interface Translation<C = typeof en> {
  t: Translate<C>;
  /** The text at a key known only at run time, such as a code from the portal; undefined when there is none. */
  find: (key: string, variables?: Record<string, unknown>) => string | undefined;
  language: Language;
  /** 12406 → "12,406" */
  number: (value: number, options?: Intl.NumberFormatOptions) => string;
  /** The text for an error: by its code in the catalogs, else what the portal said. */
  errorText: (error: unknown) => string;
}

function subscribe(listener: () => void): () => void {
  i18n.on("languageChanged", listener);
  return () => i18n.off("languageChanged", listener);
}

function find(key: string, variables: Record<string, unknown> = {}): string | undefined {
  return i18n.exists(key) ? i18n.t(key, variables) : undefined;
}

function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return i18n.t("error.unknown");
  const text = find(`error.${error.code}`, error.detail);
  if (text !== undefined) return text;
  return error.code.startsWith("http.") ? i18n.t("error.unknown") : error.message;
}

function useTranslation(): Translation {
  const language = useSyncExternalStore(subscribe, () => i18n.language as Language);
  return useMemo(() => {
    const format = (value: number, options?: Intl.NumberFormatOptions) =>
      new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en", options).format(value);
    return { t: (key, variables) => i18n.t(key, variables ?? {}), find, language, number: format, errorText };
  }, [language]);
}

/** For the components of this package: the shared catalogs only. */
export const useT: () => Translation = useTranslation;
