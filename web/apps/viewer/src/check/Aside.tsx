import { ApiError, api } from "@gavel/api";
import { Card, Link } from "@gavel/ui";
import { useLoad } from "../shared/load";
import css from "./Check.module.css";
import { useT } from "./i18n";

interface AsideProps {
  ballot: string;
  /** Whose season's rules held; undefined until it is known. */
  episode: string | undefined;
}

/** Votes in a column of their own: how many, and by which rule. Whose they are the evidence says, by pseudonym. */
export function Aside({ ballot, episode }: AsideProps) {
  const { t, find, number } = useT();
  const { data, error } = useLoad(`flags ${ballot}`, () =>
    api.get("/api/ballots/{ballot_id}/flags", { params: { path: { ballot_id: ballot } } }),
  );
  const how = episode ? `/how/flags/${episode}` : "/how/flags";
  const sealed = error instanceof ApiError && error.code === "ballot.not_published";
  if (!data && !sealed) return null;
  return (
    <Card className={css.card}>
      <h2>{t("aside.title")}</h2>
      {sealed && <p>{t("aside.sealed")}</p>}
      {data && (
        <p>
          {t(data.flagged > 0 ? "aside.some" : "aside.none", {
            flagged: number(data.flagged),
            voters: number(data.voters),
            counted: number(data.counted),
          })}
        </p>
      )}
      {data && data.rules.length > 0 && (
        <ul className={css.rules}>
          {data.rules.map(({ rule, flagged, cleared }) => (
            <li key={rule}>
              <Link to={`${how}#${rule}`}>{find(`aside.rules.${rule}`) ?? rule}</Link>
              <b>{number(flagged)}</b>
              {cleared > 0 && <small>{t("aside.cleared", { cleared: number(cleared) })}</small>}
            </li>
          ))}
        </ul>
      )}
      <p className={css.links}>
        <Link to={how}>{t("aside.how")}</Link>
      </p>
    </Card>
  );
}
