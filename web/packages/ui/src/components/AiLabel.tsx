import { cx } from "../cx";
import { useT } from "../i18n";
import css from "./AiLabel.module.css";

/** Stands beside every text that a model wrote, on every surface. */
export function AiLabel({ className }: { className?: string | undefined }) {
  const { t } = useT();
  return (
    <span className={cx(css.label, className)} title={t("ai.hint")}>
      {t("ai.label")}
    </span>
  );
}
