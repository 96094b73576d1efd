import type { Run } from "@gavel/api";
import { Pill, SelectField, SmallButton, type Tone, useWhy } from "@gavel/desk";
import { EmptyState, ErrorNote, Loading } from "@gavel/ui";
import { half } from "@gavel/ui/interval";
import { useRef, useState } from "react";
import { useSuites } from "../app/queries";
import { useT } from "../i18n";
import { Acts } from "./Acts";
import css from "./Bench.module.css";
import { type EndedState, useEnded, type Wanted } from "./queries";
import { Who } from "./Who";

const TONES: Record<Run["state"], Tone> = {
  queued: "calm",
  running: "busy",
  done: "good",
  failed: "bad",
  cancelled: "calm",
  void: "warn",
};
const ENDED: EndedState[] = ["done", "failed", "cancelled", "void"];

/** Every run that has ended, with its score and what may be decided about it. */
export function Runs({ onDone }: { onDone: (what: string) => void }) {
  const { t, language, number } = useT();
  const suites = useSuites();
  const [wanted, want] = useState<Wanted>({ suite: "", state: "", page: 1 });
  const runs = useEnded(wanted);
  const head = useRef<HTMLHeadingElement>(null);
  const turn = (page: number) => {
    want({ ...wanted, page });
    // The buttons are under the list: what is read next begins above it.
    head.current?.focus();
  };
  const shown = runs.data;
  const filtered = wanted.suite !== "" || wanted.state !== "";
  return (
    <section className={css.section} aria-labelledby="bench-runs">
      <header className={css.head}>
        <h2 id="bench-runs" ref={head} tabIndex={-1}>
          {t("bench.runs")} {shown && <span>{number(shown.total)}</span>}
        </h2>
        <SelectField
          label={t("bench.suite")}
          value={wanted.suite}
          onChange={(event) => want({ ...wanted, suite: event.target.value, page: 1 })}
        >
          <option value="">{t("bench.any")}</option>
          {suites.data?.map((one) => (
            <option key={one.id} value={one.id}>
              {one.name[language] ?? one.id}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t("bench.state_label")}
          value={wanted.state}
          onChange={(event) => want({ ...wanted, state: event.target.value as Wanted["state"], page: 1 })}
        >
          <option value="">{t("bench.any")}</option>
          {ENDED.map((one) => (
            <option key={one} value={one}>
              {t(`bench.state.${one}`)}
            </option>
          ))}
        </SelectField>
      </header>
      <p className={css.mute}>{t("bench.runs_lead")}</p>
      {runs.error && <ErrorNote error={runs.error} />}
      {runs.isPending && !runs.error && <Loading />}
      {shown?.total === 0 && !filtered && (
        <EmptyState title={t("bench.runs_none")}>{t("bench.runs_none_text")}</EmptyState>
      )}
      {shown?.total === 0 && filtered && <p className={css.mute}>{t("bench.runs_no_match")}</p>}
      <ul className={css.list} aria-busy={runs.isPlaceholderData}>
        {shown?.items.map((run) => (
          <li key={run.id} className={css.run}>
            <Who run={run} />
            <Score run={run} />
            <Acts run={run} onDone={onDone} />
          </li>
        ))}
      </ul>
      {shown && shown.pages > 1 && (
        <nav className={css.pages} aria-label={t("bench.pages")}>
          <SmallButton disabled={shown.page <= 1} onClick={() => turn(shown.page - 1)}>
            {t("bench.page_back")}
          </SmallButton>
          <span aria-live="polite">{t("bench.page_of", { page: shown.page, pages: shown.pages })}</span>
          <SmallButton disabled={shown.page >= shown.pages} onClick={() => turn(shown.page + 1)}>
            {t("bench.page_on")}
          </SmallButton>
        </nav>
      )}
    </section>
  );
}

function Score({ run }: { run: Run }) {
  const { t, number } = useT();
  const points = (share: number) => number(Math.round(100 * share));
  const { accuracy } = run;
  const why = useWhy()(run);
  return (
    <div className={css.state}>
      <Pill tone={TONES[run.state]}>{t(`bench.state.${run.state}`)}</Pill>
      {accuracy && (
        <span>
          {t("bench.scored")} <b>{points(accuracy.value)}</b>
          {accuracy.stderr !== null && ` ± ${points(half(accuracy.stderr))}`}
        </span>
      )}
      {run.override && (
        <small>{t("bench.override_is", { score: points(run.override.score), reason: run.override.reason })}</small>
      )}
      {run.void && <small>{t("bench.void_is", { reason: run.void.reason })}</small>}
      {run.stale.length > 0 && (
        <small>{t("bench.stale", { reasons: run.stale.map((what) => t(`bench.stale_why.${what}`)).join(" ") })}</small>
      )}
      {why && <small>{why}</small>}
      {run.hardware_class && (
        <small>
          {run.hardware_class}
          {run.attestation && (
            <>
              {" · "}
              <a href={`/api/attestations/${run.attestation}`}>{t("bench.attestation")}</a>
            </>
          )}
        </small>
      )}
    </div>
  );
}
