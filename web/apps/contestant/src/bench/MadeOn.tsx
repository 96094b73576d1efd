import type { Run } from "@gavel/api";
import { useT } from "../i18n";
import css from "./Bench.module.css";
import { Reproduce } from "./Reproduce";
import { useSuite } from "./suite";

/** What a score stands on: suite, engine, machine, and the way to compute it again. */
export function MadeOn({ run }: { run: Run }) {
  const { t, language } = useT();
  const suite = useSuite(run.suite).data;
  return (
    <div className={css.note}>
      <p>
        {t("bench.made_on", {
          suite: suite?.name[language] ?? run.suite,
          version: suite?.version ?? "–",
          engine: run.engine_build,
          hardware: run.hardware_class,
        })}
      </p>
      <p>
        {t("bench.suite_digest")} <code title={run.suite_digest}>{run.suite_digest.slice(0, 16)}</code>
        {" · "}
        <a href={`/suites/${run.suite}`}>{t("bench.suite_page")}</a>
      </p>
      {run.attestation && (
        <p>
          <a href={`/api/attestations/${run.attestation}`}>{t("bench.attestation")}</a>
        </p>
      )}
      {run.state === "done" && <Reproduce run={run} />}
    </div>
  );
}
