import { api, type Run } from "@gavel/api";
import { Confirm, Field, SmallButton, TextField } from "@gavel/desk";
import { useEntryName } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { BENCH } from "./queries";

export type Act = "cancel" | "resume" | "rerun" | "rescore" | "void" | "override" | "lift";

/** These change what is shown as a score. */
const EXPLAINED: Act[] = ["void", "override", "lift"];

const REASON_LENGTH = 500;

/** What may be done with a run as it stands. */
export function actsFor(run: Run): Act[] {
  if (run.state === "queued" || run.state === "running") return run.cancellable ? ["cancel"] : [];
  if (run.state === "done") return ["rerun", "rescore", run.override ? "lift" : "override", "void"];
  // The score that was set is the version's, and stays when a run is void.
  if (run.state === "void" && run.override) return ["rerun", "lift"];
  // What was ordered goes on where it ended; an admission begins anew with a new version.
  const resumable = run.ordered_by !== null && (run.state === "failed" || run.state === "cancelled");
  return resumable ? ["resume", "rerun"] : ["rerun"];
}

interface Said {
  reason: string;
  score: number;
}

function carryOut(run: Run, act: Act, { reason, score }: Said): Promise<unknown> {
  const params = { path: { run_id: run.id } };
  if (act === "void") return api.post("/api/runs/{run_id}/void", { params, body: { reason } });
  if (act === "override" || act === "lift") {
    return api.post("/api/submissions/{submission_id}/scores/{suite}/override", {
      params: { path: { submission_id: run.submission_id, suite: run.suite } },
      body: { score: act === "lift" ? null : score, reason },
    });
  }
  return api.post(`/api/runs/{run_id}/${act}`, { params });
}

/** The buttons of a run. Each asks first; what changes a score asks for the reason too, which everybody will read. */
export function Acts({ run, onDone }: { run: Run; onDone: (what: string) => void }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const [asking, ask] = useState<Act | null>(null);
  const name = t("bench.version", { name: nameOf(run.entry), version: run.entry.version });
  return (
    <div className={css.acts}>
      {actsFor(run).map((act) => (
        <SmallButton
          key={act}
          tone={act === "void" || act === "cancel" ? "danger" : undefined}
          aria-label={t("bench.of_run", { action: t(`bench.act.${act}`), run: name })}
          onClick={() => ask(act)}
        >
          {t(`bench.act.${act}`)}
        </SmallButton>
      ))}
      {asking && (
        <Ask
          run={run}
          act={asking}
          name={name}
          onClose={() => ask(null)}
          onDone={() => {
            ask(null);
            onDone(t(`bench.did.${asking}`, { run: name }));
          }}
        />
      )}
    </div>
  );
}

interface AskProps {
  run: Run;
  act: Act;
  name: string;
  onClose: () => void;
  onDone: () => void;
}

function Ask({ run, act, name, onClose, onDone }: AskProps) {
  const { t } = useT();
  const queries = useQueryClient();
  const [reason, setReason] = useState("");
  const [points, setPoints] = useState("");
  const explained = EXPLAINED.includes(act);
  const score = Number(points.replace(",", "."));
  const valid = points.trim() !== "" && Number.isFinite(score) && score >= -100 && score <= 100;
  const complete = (!explained || reason.trim() !== "") && (act !== "override" || valid);
  const doing = useMutation({
    mutationFn: () => carryOut(run, act, { reason: reason.trim(), score: score / 100 }),
    onSuccess: onDone,
    onSettled: () => queries.invalidateQueries({ queryKey: BENCH }),
  });
  return (
    <Confirm
      title={t(`bench.ask.${act}`, { run: name })}
      action={t(`bench.act.${act}`)}
      tone={EXPLAINED.includes(act) || act === "cancel" ? "danger" : "gold"}
      busy={doing.isPending || !complete}
      error={doing.error}
      onConfirm={() => doing.mutate()}
      onClose={onClose}
    >
      <p>{t(`bench.ask_text.${act}`)}</p>
      {act === "override" && (
        <Field
          label={t("bench.new_score")}
          inputMode="decimal"
          value={points}
          error={points.trim() !== "" && !valid ? t("bench.score_range") : undefined}
          onChange={(event) => setPoints(event.target.value)}
        />
      )}
      {explained && (
        <TextField
          label={t("bench.reason")}
          hint={t("bench.reason_hint")}
          value={reason}
          maxLength={REASON_LENGTH}
          rows={2}
          required
          onChange={(event) => setReason(event.target.value)}
        />
      )}
    </Confirm>
  );
}
