import { ApiError, api, type Submission, type Xray } from "@gavel/api";
import { bytes, Heat } from "@gavel/desk";
import { Card, ErrorNote, Loading } from "@gavel/ui";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { isUnderWay } from "../app/queries";
import { useT } from "../i18n";
import css from "./XrayCard.module.css";
import { gridOf, type Lens, shortName, summaryOf } from "./xray";

const DIGITS = 3;
const LENSES: Lens[] = ["norms", "effective_ranks"];

/** What an admitted adapter looks like inside. It is measured while it is checked, so a fingerprint means it is there. */
export function XrayCard({ submission }: { submission: Submission }) {
  const { t } = useT();
  const { id, state, digest } = submission;
  const xray = useQuery({
    queryKey: ["xray", id],
    queryFn: () => api.get("/api/submissions/{submission_id}/xray", { params: { path: { submission_id: id } } }),
    enabled: state !== "refused" && digest !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (state === "refused" || (digest === null && !isUnderWay(submission))) return null;
  const unmeasured = xray.error instanceof ApiError && xray.error.code === "submission.not_measured";
  return (
    <Card className={css.xray} aria-labelledby="xray">
      <h2 id="xray">{t("xray.title")}</h2>
      {digest === null && <p className={css.note}>{t("xray.after")}</p>}
      {digest !== null && xray.isPending && <Loading />}
      {unmeasured && <p className={css.note}>{t("xray.unmeasured")}</p>}
      {xray.error && !unmeasured && <ErrorNote error={xray.error} retry={() => void xray.refetch()} />}
      {xray.data && <Inside submission={submission} xray={xray.data} />}
    </Card>
  );
}

function Inside({ submission, xray }: { submission: Submission; xray: Xray }) {
  const { t, number } = useT();
  const [lens, setLens] = useState<Lens>("norms");
  const summary = useMemo(() => summaryOf(xray), [xray]);
  const values = useMemo(() => gridOf(xray, lens), [xray, lens]);
  const format = (value: number) => number(value, { maximumSignificantDigits: DIGITS });
  // Directions are measured against those the adapter could use, changes against the largest of its own.
  const most = Math.max(...values.flat().map((value) => value ?? 0));
  const max = lens === "effective_ranks" ? (submission.rank ?? most) : most;
  const used = format(summary.effectiveRank);
  return (
    <>
      <p className={css.note}>{t("xray.lead")}</p>
      <dl className={css.facts}>
        <Fact name={t("submission.rank")}>{submission.rank ?? "–"}</Fact>
        {xray.scaling && (
          <>
            <Fact name={t("xray.alpha")}>
              {t(xray.scaling.use_rslora ? "xray.alpha_rslora" : "xray.alpha_plain", {
                alpha: number(xray.scaling.alpha),
              })}
            </Fact>
            <Fact name={t(xray.scaling.use_rslora ? "xray.scale_rslora" : "xray.scale_plain")}>
              {format(xray.scaling.scale)}
            </Fact>
          </>
        )}
        <Fact name={t("xray.used")}>
          {submission.rank === null ? used : t("xray.used_value", { used, rank: submission.rank })}
        </Fact>
        <Fact name={t("xray.norm")}>{format(summary.norm)}</Fact>
        <Fact name={t("xray.layers")}>{t("xray.of", { some: summary.changedLayers, all: summary.layers })}</Fact>
        <Fact name={t("submission.size")}>{bytes(submission.size_bytes)}</Fact>
        <Fact name={t("xray.digest")}>
          <code title={submission.digest ?? undefined}>{submission.digest?.slice(0, 12)}</code>
        </Fact>
      </dl>
      <p className={css.modules}>
        <span>{t("submission.modules")}</span>
        {summary.modules.map((name) => (
          <code key={name}>{name}</code>
        ))}
      </p>
      <fieldset className={css.lenses}>
        <legend className="hidden">{t("xray.show")}</legend>
        {LENSES.map((one) => (
          <label key={one}>
            <input type="radio" name="lens" checked={lens === one} onChange={() => setLens(one)} />
            <span>{t(`xray.${one}`)}</span>
          </label>
        ))}
      </fieldset>
      <p className={css.note}>{t(`xray.${lens}_text`)}</p>
      <Heat
        key={lens}
        label={t(`xray.${lens}_unit`)}
        modules={xray.modules.map(shortName)}
        values={values}
        max={max}
        format={format}
        none={t("xray.none")}
      />
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
