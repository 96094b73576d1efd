import type { SpeedQuizLine, SpeedRun } from "@gavel/api";
import { Scroll } from "@gavel/ui/scroll";
import { useT } from "./i18n";
import { RacersHead } from "./RacersHead";
import css from "./Speed.module.css";

/** Right or wrong, and how long it took: question by question. */
export function Quiz({ run, lines }: { run: SpeedRun; lines: SpeedQuizLine[] }) {
  const { t } = useT();
  return (
    <Scroll label={t("speed.questions")}>
      <table className={css.table}>
        <RacersHead run={run} first={t("speed.question")} />
        <tbody>
          {lines.map((line) => (
            <tr key={line.question}>
              <th scope="row">
                {line.question} <small>{t("speed.expected", { answer: line.expected })}</small>
              </th>
              <Cell given={line.a} />
              <Cell given={line.b} />
              <Cell given={line.house} />
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

function Cell({ given }: { given: SpeedQuizLine["a"] }) {
  const { t, number } = useT();
  return (
    <td className={given.correct ? css.right : css.wrong}>
      <span aria-hidden="true">{given.correct ? "✓" : "✕"}</span> {t(given.correct ? "speed.right" : "speed.wrong")}
      {given.answer !== null && <q>{given.answer}</q>}
      <small>{t("speed.ms", { value: number(given.ms, { maximumFractionDigits: 0 }) })}</small>
    </td>
  );
}
