import { SelectField } from "@gavel/desk";
import { Link } from "@gavel/ui";
import { useSeats } from "../app/queries";
import { useT } from "../i18n";

const LEVELS = [0, 1, 2, 3] as const;
export type Level = (typeof LEVELS)[number];

interface LevelFieldProps {
  episode: string;
  level: Level;
  onChange: (level: Level) => void;
}

const isEmpty = ({ free, used }: { free: number; used: number }) => free + used === 0;

/** Who may vote, and what each of the four costs the viewers. */
export function LevelField({ episode, level, onChange }: LevelFieldProps) {
  const { t } = useT();
  const { data } = useSeats(episode);
  const without = data && !data.oidc && (level === 3 || (level === 2 && !data.mail && data.sheets.every(isEmpty)));
  return (
    <SelectField
      label={t("ballots.level")}
      value={level}
      hint={
        <>
          {level < 3 && t(`ballots.costs.${level}`)}
          {level === 3 && data?.oidc && t("ballots.costs.provider", { name: data.oidc })}
          {level === 2 && (
            <>
              {" "}
              <Link to={`/episodes/${episode}/seats`}>{t("seats.title")}</Link>
            </>
          )}
        </>
      }
      error={without ? t(level === 3 ? "ballots.costs.3" : "ballots.nobody") : undefined}
      onChange={(event) => onChange(Number(event.target.value) as Level)}
    >
      {LEVELS.map((one) => (
        <option key={one} value={one}>
          {t(`ballots.levels.${one}`)}
        </option>
      ))}
    </SelectField>
  );
}
