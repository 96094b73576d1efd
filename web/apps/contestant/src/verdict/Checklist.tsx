import type { Check, Submission } from "@gavel/api";
import { StateMark, type Tone } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { isUnderWay } from "../app/queries";
import { useT } from "../i18n";
import css from "./Checklist.module.css";
import { CHECKS } from "./checks";
import { moreOf, type Problem, problemsOf } from "./problems";

function codesOf({ artifact, checks }: Submission): string[] {
  return [...new Set([...CHECKS[artifact], ...checks.map(({ code }) => code)])];
}

const TONES: Record<Check["status"], Tone> = { passed: "good", warning: "warn", refused: "bad", pending: "calm" };

/** All checks in their order, those that have not run yet included. */
export function Checklist({ submission }: { submission: Submission }) {
  const { t } = useT();
  const waiting = isUnderWay(submission) && submission.checks.length === 0;
  return (
    <Card className={css.checklist}>
      <h2>{t("submission.checks")}</h2>
      {waiting && <p className={css.note}>{t("submission.checks_wait")}</p>}
      <ul>
        {codesOf(submission).map((code) => {
          const check = submission.checks.find((one) => one.code === code);
          return <Line key={code} code={code} check={check} submission={submission} />;
        })}
      </ul>
    </Card>
  );
}

interface LineProps {
  code: string;
  check: Check | undefined;
  submission: Submission;
}

function Line({ code, check, submission: { artifact, state } }: LineProps) {
  const { t, find } = useT();
  // The same word may mean something else of another kind.
  const say = (part: "title" | "text") => find(`check_${artifact}.${code}.${part}`) ?? find(`check.${code}.${part}`);
  const status = check?.status ?? "pending";
  // A check still pending, or not there, in a finished verdict could not run because of an earlier problem.
  const skipped = check ? status === "pending" : state === "refused";
  const word = skipped ? t("check_state.skipped") : t(`check_state.${status}`);
  return (
    <li className={css.line} data-status={status}>
      <StateMark tone={check === undefined && state === "verifying" ? "busy" : TONES[status]} size={20} />
      <div>
        <h3>
          {say("title") ?? code} <span>{word}</span>
        </h3>
        <p className={css.note}>{say("text")}</p>
        {check && <Problems check={check} />}
      </div>
    </li>
  );
}

function Problems({ check }: { check: Check }) {
  const { t } = useT();
  const more = moreOf(check);
  return (
    <>
      {problemsOf(check).map((problem) => (
        <Explained key={problem.code} problem={problem} />
      ))}
      {more > 0 && <p className={css.note}>{t("problem.more", { count: more })}</p>}
    </>
  );
}

/** What is wrong, what to do, and where. */
function Explained({ problem }: { problem: Problem }) {
  const { t, find } = useT();
  const fix = find(`problem.${problem.code}.fix`, problem.detail);
  return (
    <div className={css.problem}>
      <p>
        <b>{find(`problem.${problem.code}.what`, problem.detail) ?? problem.message}</b>
      </p>
      {fix && (
        <p>
          <span className={css.fix}>{t("problem.fix")}</span> {fix}
        </p>
      )}
      <Rows detail={problem.detail} />
      <Places places={problem.places} />
    </div>
  );
}

/** In a data set: how many rows, and the first of them. */
function Rows({ detail }: { detail: Problem["detail"] }) {
  const { t } = useT();
  const { rows, first_rows: first } = detail;
  if (typeof rows !== "number" || !Array.isArray(first) || first.length === 0) return null;
  return (
    <p className={css.note}>
      {t("dataset.in_rows", { count: rows })} · {t("dataset.such_as", { rows: first.join(", ") })}
    </p>
  );
}

const FEW = 3;

function Places({ places }: { places: string[] }) {
  const { t } = useT();
  if (places.length === 0) return null;
  const list = (
    <ul>
      {places.map((place) => (
        <li key={place}>
          <code>{place}</code>
        </li>
      ))}
    </ul>
  );
  if (places.length <= FEW) return list;
  return (
    <details>
      <summary>
        {t("problem.where")} · {places.length}
      </summary>
      {list}
    </details>
  );
}
