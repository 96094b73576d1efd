import type { SideName, StageSide } from "@gavel/api";
import { cx } from "../cx";
import { useT } from "../i18n";
import css from "./Answer.module.css";

interface AnswerProps {
  side: SideName;
  answer: StageSide;
  /** The caret shows only while the model is writing. */
  writing: boolean;
  className?: string | undefined;
}

/** What a model wrote, as plain text: line breaks kept, nothing interpreted; or the card that stands in its place. */
export function Answer({ side, answer, writing, className }: AnswerProps) {
  const { t } = useT();
  if (answer.off_air) return <p className={cx(css.card, className)}>{t(`answer.${answer.off_air}`)}</p>;
  // Models often begin with a space, which belongs to no reader.
  const text = answer.text.trimStart();
  if (!writing && text === "") return <p className={cx(css.silent, className)}>{t("answer.silent")}</p>;
  return (
    <p className={cx(css.text, css[side], className)}>
      {text}
      {writing && !answer.finished && <span className={css.caret} aria-hidden="true" />}
    </p>
  );
}
