import { api, type Suite } from "@gavel/api";
import { Button, ErrorNote, Loading, useEntryName } from "@gavel/ui";
import { useState } from "react";
import { useLoad } from "../shared/load";
import { useT } from "./i18n";
import type { ScoreRow } from "./Scores";
import css from "./Suites.module.css";

/** How a stranger computes a score again: a folder and a command. The house first, whom everybody can load. */
export function Reproduce({ suite, rows }: { suite: Suite; rows: ScoreRow[] }) {
  const { t } = useT();
  const nameOf = useEntryName();
  const measured = rows.filter((row) => row.run_id !== null);
  const house = measured.find((row) => row.kind === "house");
  const [chosen, choose] = useState<string | null>(null);
  const shown = measured.find((row) => row.run_id === chosen) ?? house ?? measured[0];
  if (!shown?.run_id) return null;
  return (
    <>
      <p className={css.text}>{t("suites.reproduce_lead")}</p>
      <label className={css.of}>
        {t("suites.of")}
        <select className={css.select} value={shown.run_id} onChange={(event) => choose(event.target.value)}>
          {measured.map((row) => (
            <option key={row.run_id} value={row.run_id ?? ""}>
              {nameOf(row)}
            </option>
          ))}
        </select>
      </label>
      {shown.kind === "house" && <p className={css.note}>{t("suites.house_adapter")}</p>}
      <How key={shown.run_id} run={shown.run_id} suite={suite} />
    </>
  );
}

function How({ run, suite }: { run: string; suite: Suite }) {
  const { t, language } = useT();
  const how = useLoad(`reproduce ${run}`, () =>
    api.get("/api/runs/{run_id}/reproduce", { params: { path: { run_id: run } } }),
  );
  if (how.error) return <ErrorNote error={how.error} retry={how.retry} />;
  if (!how.data) return <Loading />;
  const judged = how.data.judged.map(
    (task) => suite.families.find((family) => family.name === task)?.title[language] ?? task,
  );
  return (
    <>
      <p>
        <a className={css.download} href={how.data.folder} download>
          {t("suites.folder")}
        </a>
      </p>
      <Command name={t("suites.command")} text={how.data.command} />
      {judged.length > 0 && (
        <>
          <p className={css.text}>{t("suites.judged", { tasks: judged.join(language === "zh" ? "、" : ", ") })}</p>
          <Command name={t("suites.command")} text={how.data.judge} />
        </>
      )}
    </>
  );
}

function Command({ name, text }: { name: string; text: string }) {
  const { t } = useT();
  const [said, say] = useState<"copied" | "not_copied" | null>(null);
  const copy = () => {
    // Without HTTPS a browser keeps the clipboard to itself: the text can be selected all the same.
    const written = navigator.clipboard?.writeText(text) ?? Promise.reject(new Error("no clipboard"));
    written.then(
      () => say("copied"),
      () => say("not_copied"),
    );
  };
  return (
    <figure className={css.command}>
      <figcaption>
        {name}
        <Button onClick={copy}>{t("suites.copy")}</Button>
      </figcaption>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long command scrolls, also by keyboard */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
      <p role="status" className={css.note}>
        {said && t(`suites.${said}`)}
      </p>
    </figure>
  );
}
