import type { Program } from "@gavel/api";
import { Card, cx } from "@gavel/ui";
import { useT } from "../i18n";
import { One } from "./Ballots";
import css from "./Ballots.module.css";

/** Votes under way, for the moderator who agrees that one closes early or that flags are set aside. */
export function SecondPerson({ program, serverNow }: { program: Program; serverNow: () => number }) {
  const { t } = useT();
  if (program.ballots.length === 0) return null;
  return (
    <Card className={cx(css.card, css.second)} aria-label={t("ballots.second")}>
      <h2>{t("ballots.second")}</h2>
      <ul className={css.list}>
        {program.ballots.map((ballot) => (
          <li key={ballot.id}>
            <One desk={null} ballot={ballot} serverNow={serverNow} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
