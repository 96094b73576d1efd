import { useT } from "../i18n";
import css from "./Levels.module.css";

type Level = 0 | 1 | 2 | 3;
const LEVELS: Level[] = [0, 1, 2, 3];

interface LevelsProps {
  /** Level -> voters, as the signed count has them. */
  levels: { [level: string]: number };
  caption: string;
  nameOf: (level: Level) => string;
  /** How many seat codes there were, which is what level 2 is worth. */
  seats: string | false;
}

/** How sure it is who has voted: beside a result, level by level, without those that nobody had. */
export function Levels({ levels, caption, nameOf, seats }: LevelsProps) {
  const { number } = useT();
  const shown = LEVELS.filter((level) => levels[level]);
  if (shown.length === 0) return null;
  return (
    <table className={css.levels}>
      <caption>{caption}</caption>
      <tbody>
        {shown.map((level) => (
          <tr key={level}>
            <th scope="row">{nameOf(level)}</th>
            <td>{number(levels[level] ?? 0)}</td>
          </tr>
        ))}
      </tbody>
      {seats && (
        <tfoot>
          <tr>
            <td colSpan={2}>{seats}</td>
          </tr>
        </tfoot>
      )}
    </table>
  );
}
