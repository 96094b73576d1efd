import type { StageBallot } from "@gavel/api";
import { Card } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./Closed.module.css";
import { Mine } from "./Mine";
import type { VerdictInHand } from "./useVerdict";

/** Between the lock and the reveal: nothing can be changed, and nothing is known yet. */
export function Closed({ judges, verdict }: { judges: StageBallot["judges"]; verdict: VerdictInHand }) {
  const { t } = useT();
  return (
    <Card className={css.closed}>
      <svg
        viewBox="0 0 40 40"
        width="44"
        height="44"
        aria-hidden="true"
        fill="none"
        stroke="var(--gold)"
        strokeWidth="2.6"
      >
        <rect x="8" y="18" width="24" height="17" rx="4" />
        <path d="M13 18v-5a7 7 0 0 1 14 0v5M20 25v4" strokeLinecap="round" />
      </svg>
      <div className={css.text}>
        <h2>{t("locked.title")}</h2>
        <p>{t("locked.text")}</p>
        {judges.total > 0 && <p>{t("locked.judges", judges)}</p>}
        <Mine verdict={verdict} />
      </div>
    </Card>
  );
}
