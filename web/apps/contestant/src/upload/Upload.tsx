import { ApiError, type Season, type Submission } from "@gavel/api";
import { Button, ErrorNote } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import { RankNote, useGlance } from "./ConfigGlance";
import { CONFIG, choose, MAX_CONFIG_BYTES, NOTHING, problemOf, WEIGHTS } from "./files";
import { Sending } from "./Sending";
import { Drop, Slot } from "./Slots";
import { Unfinished } from "./Unfinished";
import css from "./Upload.module.css";
import { isRunning, useUpload } from "./useUpload";

interface UploadProps {
  entry: string;
  /** The version that this upload becomes. */
  version: number;
  /** Begun earlier and not complete: only its files can go on. */
  unfinished: Submission | undefined;
  season: Season;
}

/** Two files by drop or by picker, told what is wrong before a byte is sent; then their way to the portal. */
export function Upload({ entry, version, unfinished, season }: UploadProps) {
  const { t } = useT();
  const [chosen, setChosen] = useState(NOTHING);
  const [unreadable, setUnreadable] = useState(false);
  const { upload, send, goOn } = useUpload(entry);
  const config = useGlance(chosen.config);
  if (isRunning(upload)) return <Sending entry={entry} upload={upload} version={version} goOn={goOn} />;

  const sizes = new Map(unfinished?.uploads.map(({ name, size }) => [name, size]));
  const problems = {
    config: problemOf(chosen.config, MAX_CONFIG_BYTES, sizes.get(CONFIG)),
    weights: problemOf(chosen.weights, season.track.max_bytes, sizes.get(WEIGHTS)),
  };
  const take = (files: File[] | null) => {
    setUnreadable(files === null);
    if (files) setChosen((before) => choose(before, files));
  };
  const { config: configFile, weights: weightsFile } = chosen;
  const complete = configFile !== null && weightsFile !== null && !problems.config && !problems.weights;
  const go = () => complete && send({ [CONFIG]: configFile, [WEIGHTS]: weightsFile });
  const error = upload.step === "failed" ? upload.error : null;
  const others = isOthers(error, unfinished) || hasOtherSize(problems);
  return (
    <div className={css.upload}>
      {error !== null && !others && <ErrorNote error={error} retry={canGoOn(error) ? goOn : undefined} />}
      {unfinished && <Unfinished submission={unfinished} others={others} />}
      <Drop take={take}>
        <Slot
          kind={t("upload.config")}
          name={CONFIG}
          limit={MAX_CONFIG_BYTES}
          file={chosen.config}
          problem={problems.config}
          doubtful={typeof config === "string" || (config?.rank ?? 0) > season.track.max_rank}
          remove={() => setChosen({ ...chosen, config: null })}
        >
          <RankNote config={config} max={season.track.max_rank} />
        </Slot>
        <Slot
          kind={t("upload.weights")}
          name={WEIGHTS}
          limit={season.track.max_bytes}
          file={chosen.weights}
          problem={problems.weights}
          remove={() => setChosen({ ...chosen, weights: null })}
        />
      </Drop>
      {unreadable && (
        <p className={css.bad} role="alert">
          {t("upload.unreadable")}
        </p>
      )}
      {chosen.pickle && <p className={css.bad}>{t("upload.pickle")}</p>}
      {chosen.ignored.length > 0 && (
        <p className={css.note}>{t("upload.ignored", { names: chosen.ignored.slice(0, 8).join(", ") })}</p>
      )}
      {upload.step === "idle" && upload.cancelled && <p className={css.note}>{t("upload.cancelled")}</p>}
      <footer className={css.foot}>
        <p className={css.note}>
          {t("upload.needs", { model: season.track.base_model, rank: season.track.max_rank })}
          <br />
          {t("upload.licence")}{" "}
          <a href={season.licence_url} target="_blank" rel="noreferrer">
            {season.licence}
          </a>
        </p>
        <Button tone="gold" disabled={!complete} onClick={go}>
          {unfinished ? t("upload.go_on", { n: unfinished.version }) : t("upload.send", { n: version })}
        </Button>
      </footer>
    </div>
  );
}

/** The portal compared the chosen files with those of the unfinished upload. */
function isOthers(error: unknown, unfinished: Submission | undefined): boolean {
  if (!(error instanceof ApiError) || error.code !== "upload.in_progress") return false;
  return unfinished !== undefined && error.detail.submission_id === unfinished.id;
}

function hasOtherSize(problems: Record<string, ReturnType<typeof problemOf>>): boolean {
  return Object.values(problems).some((problem) => problem?.code === "other_size");
}

const NO_USE = new Set(["upload.unreadable", "upload.duplicate", "upload.window_closed", "upload.quota"]);

/** Whether the same files may get through at another try. */
function canGoOn(error: unknown): boolean {
  return !(error instanceof ApiError && NO_USE.has(error.code));
}
