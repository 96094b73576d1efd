import { StateMark } from "@gavel/desk";
import { ErrorNote, Loading } from "@gavel/ui";
import { useT } from "../i18n";
import { ChoiceIcon } from "./Form";
import css from "./Mine.module.css";
import type { VerdictInHand } from "./useVerdict";

/** After the lock: the verdict that counted, and plainly what did not. */
export function Mine({ verdict }: { verdict: VerdictInHand }) {
  const { t, errorText } = useT();
  const { saved, changed, known, unknownWhy } = verdict;
  if (!known) return unknownWhy ? <ErrorNote error={unknownWhy} /> : <Loading />;
  return (
    <div className={css.mine}>
      {saved ? (
        <p className={css.counted}>
          <span>{t("mine.yours")}</span>
          <b className={css[saved.choice]}>
            <ChoiceIcon choice={saved.choice} /> {t(`choice.${saved.choice}`)}
          </b>
        </p>
      ) : (
        <p>{t("mine.none")}</p>
      )}
      {saved?.note && <p className={css.note}>{saved.note}</p>}
      {changed && (
        <p className={css.late} role="alert">
          <StateMark tone="bad" />
          {verdict.error !== null ? errorText(verdict.error) : t(saved ? "mine.change_lost" : "mine.draft_lost")}
        </p>
      )}
    </div>
  );
}
