import type { Progress, Submission } from "@gavel/api";
import { Meter, useReason, useTimes } from "@gavel/desk";
import { Card, cx, Link } from "@gavel/ui";
import { endsVerified, isUnderWay, useSeason } from "../app/queries";
import { useT } from "../i18n";
import css from "./Now.module.css";
import { countOf } from "./problems";

const TONES: Partial<Record<Submission["state"], string | undefined>> = {
  ready: css.good,
  refused: css.bad,
  failed: css.warn,
  cancelled: css.calm,
  withdrawn: css.calm,
};

/** The one thing to know at this moment: what is happening, why it waits, or how it ended and what to do. */
export function Now({ submission }: { submission: Submission }) {
  const { t } = useT();
  const { state, progress, waiting } = submission;
  const ended = state === "verified" && endsVerified(submission) ? submission.artifact : null;
  const moving = isUnderWay(submission) && state !== "uploading";
  return (
    <Card className={cx(css.now, ended ? css.good : TONES[state])}>
      {/* The progress below changes many times a second: only the turns are read out. */}
      <div className={css.news} aria-live="polite">
        <h2>{t(ended ? `submission.verified_${ended}_title` : `submission.${state}_title`)}</h2>
        {ended && <p>{t(`submission.verified_${ended}_text`)}</p>}
        {ended === "dataset" && <Trains />}
        {state === "ready" && <p>{t("submission.ready_text")}</p>}
        {state === "refused" && <Refused submission={submission} />}
        {state === "failed" && <Failed submission={submission} />}
        {state === "uploading" && <Uploading submission={submission} />}
        {state === "cancelled" && <Cancelled submission={submission} />}
        {state === "withdrawn" && <p>{t("submission.withdrawn_text")}</p>}
      </div>
      {moving && waiting && <Waiting waiting={waiting} />}
      {moving && !waiting && progress && <Doing progress={progress} />}
      {moving && <p className={css.note}>{t("submission.live")}</p>}
    </Card>
  );
}

/** What there is to do with a data set on this track. */
function Trains() {
  const { t } = useT();
  const season = useSeason().data;
  if (!season) return null;
  return <p>{t(season.track.training ? "submission.verified_dataset_trains" : "submission.verified_dataset_kept")}</p>;
}

function Doing({ progress }: { progress: Progress }) {
  const { t, find } = useT();
  const words = find(`progress.${progress.note}`, { done: progress.done, total: progress.total }) ?? progress.note;
  return (
    <div className={css.doing}>
      <p>{words}</p>
      <Meter done={progress.done} total={progress.total} label={t("progress.label")} />
    </div>
  );
}

function Waiting({ waiting }: { waiting: NonNullable<Submission["waiting"]> }) {
  const { t } = useT();
  const { clock } = useTimes();
  const reason = useReason()(waiting.reason);
  const place = waiting.position > 0 ? t("waiting.position", { count: waiting.position }) : t("waiting.next");
  return (
    <div className={css.doing}>
      <p>
        {reason} · {place}
      </p>
      <Meter done={0} total={0} label={t("progress.label")} />
      <p className={css.note}>{t("waiting.deadline", { time: clock(waiting.deadline) })}</p>
    </div>
  );
}

function Refused({ submission }: { submission: Submission }) {
  const { t, find } = useT();
  const { refusal, checks } = submission;
  const count = countOf(checks);
  const problems = checks.flatMap((check) => (check.detail.problems ?? []) as { code: string; detail?: object }[]);
  const detail = { ...problems.find((problem) => problem.code === refusal?.code)?.detail };
  const fix = find(`problem.${refusal?.code}.fix`, detail);
  return (
    <>
      {refusal && <p className={css.reason}>{find(`problem.${refusal.code}.what`, detail) ?? refusal.message}</p>}
      {fix && <p>{fix}</p>}
      {count > 0 && <p>{t("submission.refused_more", { count })}</p>}
      <Again submission={submission}>{t("submission.refused_again")}</Again>
    </>
  );
}

function Failed({ submission }: { submission: Submission }) {
  const { t } = useT();
  return (
    <>
      <p>{t("submission.failed_text")}</p>
      {submission.refusal && (
        <p className={css.note}>{t("submission.fault", { reason: submission.refusal.message })}</p>
      )}
      <Again submission={submission}>{t("entry.upload")}</Again>
    </>
  );
}

function Uploading({ submission }: { submission: Submission }) {
  const { t } = useT();
  return (
    <>
      <p>{t("submission.uploading_text")}</p>
      <Again submission={submission}>{t("submission.uploading_again")}</Again>
    </>
  );
}

function Cancelled({ submission }: { submission: Submission }) {
  const { t, find } = useT();
  const { refusal } = submission;
  return (
    <>
      {refusal && <p>{find(`problem.${refusal.code}.what`) ?? refusal.message}</p>}
      <p>{t("submission.cancelled_text")}</p>
      <Again submission={submission}>{t("entry.upload")}</Again>
    </>
  );
}

function Again({ submission, children }: { submission: Submission; children: string }) {
  return (
    <p>
      <Link className={css.again} to={`/entries/${submission.entry_id}`}>
        {children}
      </Link>
    </p>
  );
}
