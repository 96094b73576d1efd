import { useT } from "../i18n";
import { setTheme, THEMES, useTheme } from "../theme";
import css from "./ThemeSwitch.module.css";

export function ThemeSwitch() {
  const { t } = useT();
  const theme = useTheme();
  return (
    <fieldset className={css.switch} aria-label={t("theme.label")}>
      {THEMES.map((name) => (
        <button key={name} type="button" aria-pressed={theme === name} onClick={() => setTheme(name)}>
          {t(`theme.${name}`)}
        </button>
      ))}
    </fieldset>
  );
}
