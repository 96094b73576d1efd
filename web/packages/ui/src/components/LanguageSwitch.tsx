import { LANGUAGES, setLanguage, useT } from "../i18n";
import css from "./LanguageSwitch.module.css";

export function LanguageSwitch() {
  const { t, language } = useT();
  return (
    <fieldset className={css.switch} aria-label={t("language.switch")}>
      {LANGUAGES.map((name) => (
        <button
          key={name}
          type="button"
          lang={name === "zh" ? "zh-CN" : "en"}
          aria-pressed={language === name}
          aria-label={t(`language.${name}`)}
          onClick={() => setLanguage(name)}
        >
          {t(`language.${name}_short`)}
        </button>
      ))}
    </fieldset>
  );
}
