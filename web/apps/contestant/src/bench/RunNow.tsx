import { api, type Run } from "@gavel/api";
import { Confirm, Meter, SmallButton, useReason, useTimes, useWhy } from "@gavel/desk";
import { Card } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { isMoving, runsKey } from "./runs";

/** A run that is under way, or ended without scores: how far it is, why it waits, why it ended. */
export function RunNow({ run }: { run: Run }) {
  const { t } = useT();
  if (run.state === "done" || run.state === "void") return null;
  return (
    <Card className={css.now}>
      <h3>{t(`bench.state.${run.state}`)}</h3>
      {isMoving(run) && <Under run={run} />}
      {run.state === "failed" && <Ended run={run} text={t("bench.failed")} />}
      {run.state === "cancelled" && <Ended run={run} text={t("bench.cancelled")} />}
    </Card>
  );
}

function Under({ run }: { run: Run }) {
  const { t } = useT();
  const { answered, total, waiting } = run;
  const progress = t("bench.progress", { answered, total });
  return (
    <>
      {waiting && <Waits waiting={waiting} />}
      {/* Resumed runs wait with some of their answers already there. */}
      {(!waiting || answered > 0) && <p>{progress}</p>}
      <Meter done={answered} total={waiting && answered === 0 ? 0 : total} label={progress} />
      {run.cancellable && <Cancel run={run} />}
    </>
  );
}

function Waits({ waiting }: { waiting: NonNullable<Run["waiting"]> }) {
  const { t } = useT();
  const { clock } = useTimes();
  const reason = useReason()(waiting.reason);
  const place = waiting.position > 0 ? t("waiting.position", { count: waiting.position }) : t("waiting.next");
  return (
    <>
      <p>
        {reason} · {place}
      </p>
      <p className={css.note}>{t("waiting.deadline", { time: clock(waiting.deadline) })}</p>
    </>
  );
}

function Ended({ run, text }: { run: Run; text: string }) {
  const { t } = useT();
  const why = useWhy()(run);
  return (
    <>
      <p>{text}</p>
      {why && <p className={css.note}>{t("bench.why_line", { why })}</p>}
      {run.answered > 0 && <p className={css.note}>{t("bench.kept", { answered: run.answered, total: run.total })}</p>}
    </>
  );
}

function Cancel({ run }: { run: Run }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const cancel = useMutation({
    mutationFn: () => api.post("/api/runs/{run_id}/cancel", { params: { path: { run_id: run.id } } }),
    onSuccess: () => ask(false),
    onSettled: () => queries.invalidateQueries({ queryKey: runsKey(run.submission_id) }),
  });
  return (
    <div className={css.actions}>
      <SmallButton
        onClick={() => {
          cancel.reset();
          ask(true);
        }}
      >
        {t("bench.cancel")}
      </SmallButton>
      {asking && (
        <Confirm
          title={t("bench.cancel_title")}
          action={t("bench.cancel")}
          busy={cancel.isPending}
          error={cancel.error}
          onConfirm={() => cancel.mutate()}
          onClose={() => ask(false)}
        >
          {t("bench.cancel_text")}
        </Confirm>
      )}
    </div>
  );
}
