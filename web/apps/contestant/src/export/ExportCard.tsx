import { api, type Export, type ExportScheme, type Exports, type Submission } from "@gavel/api";
import { bytes, Confirm, Meter, retryable, SmallButton, useReason, useTimes } from "@gavel/desk";
import { Button, Card, ErrorNote, Loading } from "@gavel/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./ExportCard.module.css";
import { Report } from "./Report";

const EXPORTS = ["exports"];
const MOVING_MS = 1_500;
const ERROR_AGAIN_MS = 4_000;

const isMoving = ({ state }: Export) => state === "queued" || state === "running";

/** On the page of an admitted adapter: take it home as a model of its own. */
export function ExportCard({ submission }: { submission: Submission }) {
  const { t } = useT();
  const found = useQuery({
    queryKey: [...EXPORTS, submission.id, submission.state],
    queryFn: () => api.get("/api/exports", { params: { query: { submission_id: submission.id } } }),
    refetchInterval: ({ state }) => {
      if (retryable(state.error)) return ERROR_AGAIN_MS;
      return state.data?.exports.some(isMoving) ? MOVING_MS : false;
    },
  });
  if (found.data?.exports.length === 0 && found.data.schemes.length === 0) return null;
  return (
    <Card className={css.card} aria-labelledby="export">
      <h2 id="export">{t("export.title")}</h2>
      <p className={css.note}>{t("export.lead")}</p>
      {found.isPending && <Loading />}
      {found.error && <ErrorNote error={found.error} retry={() => void found.refetch()} />}
      {found.data && <Order submission={submission} exports={found.data} />}
      {found.data?.exports.map((made) => (
        <Made key={made.id} made={made} downloads={found.data.downloads} />
      ))}
    </Card>
  );
}

function Order({ submission, exports }: { submission: Submission; exports: Exports }) {
  const { t } = useT();
  const queries = useQueryClient();
  const [chosen, choose] = useState<ExportScheme | null>(null);
  const order = useMutation({
    mutationFn: (scheme: ExportScheme) => api.post("/api/exports", { body: { submission_id: submission.id, scheme } }),
    onSuccess: () => choose(null),
    onSettled: () => queries.invalidateQueries({ queryKey: EXPORTS }),
  });
  if (exports.schemes.length === 0) return null;
  if (exports.under_way) return <p className={css.note}>{t("export.under_way")}</p>;
  if (exports.left === 0) return <p className={css.note}>{t("export.none_left")}</p>;
  if (exports.room === 0) return <p className={css.note}>{t("export.no_room", { count: exports.keeps })}</p>;
  return (
    <form
      className={css.order}
      onSubmit={(event) => {
        event.preventDefault();
        if (chosen) order.mutate(chosen);
      }}
    >
      <fieldset className={css.schemes}>
        <legend>{t("export.scheme")}</legend>
        {exports.schemes.map((scheme) => (
          <label key={scheme}>
            <input type="radio" name="scheme" checked={chosen === scheme} onChange={() => choose(scheme)} />
            <span>
              <b>{t(`export.schemes.${scheme}`)}</b>
              <small>{t(`export.scheme_text.${scheme}`)}</small>
            </span>
          </label>
        ))}
      </fieldset>
      <p className={css.foot}>
        <Button tone="gold" type="submit" disabled={chosen === null || order.isPending}>
          {t("export.start")}
        </Button>
        <span className={css.note}>{t("export.left", { count: exports.left })}</span>
      </p>
      {order.error && <ErrorNote error={order.error} />}
    </form>
  );
}

function Made({ made, downloads }: { made: Export; downloads: boolean }) {
  const { t, number, find } = useT();
  const reason = useReason();
  const { record, report } = made;
  return (
    <section className={css.made} aria-label={t(`export.schemes.${made.scheme}`)}>
      <div className={css.news} aria-live="polite">
        <h3>
          {t(`export.schemes.${made.scheme}`)} · {t(`export.state.${made.state}`)}
        </h3>
        {(made.state === "refused" || made.state === "failed" || made.code) && (
          <p className={css.reason}>
            {(made.code && find(`error.${made.code}`)) || (made.reason && reason(made.reason))}
          </p>
        )}
      </div>
      {isMoving(made) && <UnderWay made={made} />}
      {record && (
        <p>
          {t("export.size", {
            before: bytes(record.original_bytes),
            after: bytes(record.bytes),
            share: number(record.bytes / record.original_bytes, { style: "percent" }),
          })}
        </p>
      )}
      {report && <Report report={report} />}
      {made.scheme === "fp8" && made.state === "done" && <p className={css.note}>{t("export.fp8_note")}</p>}
      {made.state === "done" && downloads && (
        <ul className={css.downloads}>
          {made.files.map((file) => (
            <li key={file.name}>
              <a href={`/api/exports/${made.id}/files/${file.name}`} download>
                {file.name}
              </a>{" "}
              <small>{bytes(file.bytes)}</small>
            </li>
          ))}
        </ul>
      )}
      {made.state === "done" && <Lineage made={made} />}
      {made.kept_until && downloads && <Kept made={made} until={made.kept_until} />}
    </section>
  );
}

/** Until when its files are there, and the way to make room. */
function Kept({ made, until }: { made: Export; until: string }) {
  const { t } = useT();
  const { moment } = useTimes();
  const queries = useQueryClient();
  const [asking, ask] = useState(false);
  const remove = useMutation({
    mutationFn: () => api.delete("/api/exports/{export_id}", { params: { path: { export_id: made.id } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: EXPORTS }),
  });
  return (
    <div className={css.foot}>
      <SmallButton onClick={() => ask(true)}>{t("export.remove")}</SmallButton>
      <span className={css.note}>{t("export.kept_until", { time: moment(until) })}</span>
      {asking && (
        <Confirm
          title={t("export.remove")}
          action={t("export.remove")}
          busy={remove.isPending}
          error={remove.error}
          onConfirm={() => remove.mutate()}
          onClose={() => ask(false)}
        >
          <p>{t("export.remove_text")}</p>
        </Confirm>
      )}
    </div>
  );
}

function UnderWay({ made }: { made: Export }) {
  const { t, find } = useT();
  const queries = useQueryClient();
  const reason = useReason();
  const { clock } = useTimes();
  const cancel = useMutation({
    mutationFn: () => api.post("/api/exports/{export_id}/cancel", { params: { path: { export_id: made.id } } }),
    onSettled: () => queries.invalidateQueries({ queryKey: EXPORTS }),
  });
  const { waiting, progress } = made;
  return (
    <>
      {waiting && (
        <p className={css.note}>
          {reason(waiting.reason)} ·{" "}
          {waiting.position > 0 ? t("waiting.position", { count: waiting.position }) : t("waiting.next")} ·{" "}
          {t("waiting.deadline", { time: clock(waiting.deadline) })}
        </p>
      )}
      {progress && (
        <>
          <p className={css.note}>{find(`export.progress.${progress.note}`)}</p>
          {progress.total > 0 && <Meter done={progress.done} total={progress.total} label={t("export.questions")} />}
        </>
      )}
      <p>
        <SmallButton disabled={cancel.isPending} onClick={() => cancel.mutate()}>
          {t("export.cancel")}
        </SmallButton>
      </p>
      {cancel.error && <ErrorNote error={cancel.error} />}
    </>
  );
}

/** What the files are made of, and on what terms. */
function Lineage({ made }: { made: Export }) {
  const { t, number } = useT();
  const { calibration, libraries } = made.record ?? { calibration: null, libraries: {} };
  return (
    <details className={css.fold}>
      <summary>{t("export.lineage")}</summary>
      <dl className={css.list}>
        <dt>{t("export.base")}</dt>
        <dd>
          {made.base_model} <code title={made.base_digest ?? ""}>{made.base_digest?.slice(0, 16)}</code>
        </dd>
        <dt>{t("export.adapter")}</dt>
        <dd>
          <code title={made.adapter_digest}>{made.adapter_digest.slice(0, 16)}</code>
        </dd>
        {calibration && (
          <>
            <dt>{t("export.calibration")}</dt>
            <dd>
              {t(`export.calibrated_on.${calibration.source}`, {
                rows: number(calibration.rows),
                tokens: number(calibration.tokens),
              })}{" "}
              <code title={calibration.sha256}>{calibration.sha256.slice(0, 16)}</code>
            </dd>
          </>
        )}
        <dt>{t("export.tools")}</dt>
        <dd>
          {Object.entries(libraries)
            .map(([name, version]) => `${name} ${version}`)
            .join(" · ")}
        </dd>
        <dt>{t("export.licence")}</dt>
        <dd>
          <a href={made.licence_url}>{made.licence}</a>
        </dd>
      </dl>
      <p className={css.note}>{t("export.ai_note")}</p>
    </details>
  );
}
