import { cx } from "../cx";
import { LANGUAGES, type Language, setLanguage, useT } from "../i18n";
import css from "./LanguageSwitch.module.css";

const tag = (language: Language) => (language === "zh" ? "zh-CN" : "en");

/** Both languages side by side, each in its own words. */
export function LanguageSwitch() {
  const { t, language } = useT();
  return (
    <fieldset className={css.switch} aria-label={t("language.switch")}>
      {LANGUAGES.map((name) => (
        <button
          key={name}
          type="button"
          lang={tag(name)}
          className={css.button}
          aria-pressed={language === name}
          onClick={() => setLanguage(name)}
        >
          {t(`language.${name}`)}
        </button>
      ))}
    </fieldset>
  );
}

/** Only the other language: for a head line with little room. */
export function OtherLanguage({ className }: { className?: string | undefined }) {
  const { t, language } = useT();
  const other = language === "zh" ? "en" : "zh";
  return (
    <button type="button" lang={tag(other)} className={cx(css.button, className)} onClick={() => setLanguage(other)}>
      {t(`language.${other}`)}
    </button>
  );
}
