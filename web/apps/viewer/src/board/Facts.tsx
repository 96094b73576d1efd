import css from "./BoardPage.module.css";
import { useT } from "./i18n";

interface FactsProps {
  /** The season, or the episode, by name. */
  of: string | null;
  /** How much it follows from. */
  from: string;
  at: string | null;
}

/** What a board is of, how much it follows from, and of when it is. */
export function Facts({ of, from, at }: FactsProps) {
  const { t, language } = useT();
  const moment = new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en", {
    dateStyle: "medium",
    timeStyle: "short",
  });
  return (
    <p className={css.facts}>
      {[of, t("board.kicker")].filter(Boolean).join(" · ")}
      <br />
      {from}
      {at && ` · ${t("boards.updated", { time: moment.format(Date.parse(at)) })}`}
    </p>
  );
}
