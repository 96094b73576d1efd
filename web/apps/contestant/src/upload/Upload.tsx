import { ApiError, type Licence, type Season, type Submission } from "@gavel/api";
import { Button, ErrorNote } from "@gavel/ui";
import { useState } from "react";
import { useT } from "../i18n";
import {
  type Chosen,
  choose,
  type Files,
  type Kind,
  limitOf,
  NOTHING,
  namesOf,
  type Problem,
  problemOf,
} from "./files";
import { KindChoice } from "./KindChoice";
import { isDeclared, LicenceField } from "./LicenceField";
import { PromptField, usePrompt } from "./PromptField";
import { Sending } from "./Sending";
import { Drop } from "./Slots";
import { Slots } from "./SlotsOf";
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

/** The files of a kind by drop or by picker, told what is wrong before a byte is sent; then their way to the portal. */
export function Upload({ entry, version, unfinished, season }: UploadProps) {
  const { t } = useT();
  const { track } = season;
  const [picked, setPicked] = useState<Kind>(track.artifacts[0] ?? "adapter");
  const [chosen, setChosen] = useState(NOTHING);
  const [unreadable, setUnreadable] = useState(false);
  const [licence, setLicence] = useState<Licence | null>(null);
  const prompt = usePrompt(season);
  const { upload, send, goOn } = useUpload(entry);
  if (isRunning(upload)) return <Sending entry={entry} upload={upload} version={version} goOn={goOn} />;

  const kind = unfinished?.artifact ?? picked;
  const files = kind === "prompt" ? prompt.files : chosen.files;
  const problems = problemsOf(kind, files, season, unfinished);
  const names = namesOf(kind, files);
  // What goes on was declared when it began.
  const declares = kind === "dataset" && !unfinished;
  const whole = names.every((name) => files[name]) && Object.keys(problems).length === 0;
  const complete = whole && (!declares || isDeclared(licence));
  const take = (more: File[] | null) => {
    setUnreadable(more === null);
    if (more) setChosen((before) => choose(kind, before, more));
  };
  const pick = (next: Kind) => {
    setPicked(next);
    setChosen(NOTHING);
    setUnreadable(false);
  };
  const error = upload.step === "failed" ? upload.error : null;
  const others = isOthers(error, unfinished) || hasOtherSize(problems);
  return (
    <div className={css.upload}>
      {error !== null && !others && <ErrorNote error={error} retry={canGoOn(error) ? goOn : undefined} />}
      {unfinished && <Unfinished submission={unfinished} others={others} />}
      {!unfinished && <KindChoice kinds={track.artifacts} kind={kind} pick={pick} />}
      {kind === "prompt" ? (
        <PromptField prompt={prompt} season={season} />
      ) : (
        <Drop kind={kind} take={take}>
          <Slots kind={kind} chosen={chosen} problems={problems} season={season} change={setChosen} />
        </Drop>
      )}
      {declares && <LicenceField licence={licence} change={setLicence} />}
      {unreadable && (
        <p className={css.bad} role="alert">
          {t("upload.unreadable")}
        </p>
      )}
      {kind !== "prompt" && <Remarks chosen={chosen} />}
      {upload.step === "idle" && upload.cancelled && <p className={css.note}>{t("upload.cancelled")}</p>}
      <footer className={css.foot}>
        <p className={css.note}>
          {t(`upload.needs_${kind}`, { model: track.base_model, rank: track.max_rank })}
          {kind === "dataset" && ` ${t(track.training ? "upload.dataset_trains" : "upload.dataset_kept")}`}
          <br />
          {t("upload.licence")}{" "}
          <a href={season.licence_url} target="_blank" rel="noreferrer">
            {season.licence}
          </a>
        </p>
        <Button tone="gold" disabled={!complete} onClick={() => send(kind, files, declares ? licence : null)}>
          {unfinished ? t("upload.go_on", { n: unfinished.version }) : t("upload.send", { n: version })}
        </Button>
      </footer>
    </div>
  );
}

/** What was chosen beside what is needed. */
function Remarks({ chosen }: { chosen: Chosen }) {
  const { t } = useT();
  return (
    <>
      {chosen.pickle && <p className={css.bad}>{t("upload.pickle")}</p>}
      {chosen.ignored.length > 0 && (
        <p className={css.note}>{t("upload.ignored", { names: chosen.ignored.slice(0, 8).join(", ") })}</p>
      )}
    </>
  );
}

function problemsOf(
  kind: Kind,
  files: Files,
  season: Season,
  unfinished: Submission | undefined,
): Record<string, Problem> {
  const sizes = new Map(unfinished?.uploads.map(({ name, size }) => [name, size]));
  const found = namesOf(kind, files).map(
    (name) => [name, problemOf(files[name], limitOf(name, season.track), sizes.get(name))] as const,
  );
  return Object.fromEntries(found.filter((pair): pair is [string, Problem] => pair[1] !== null));
}

/** The portal compared the chosen files with those of the unfinished upload. */
function isOthers(error: unknown, unfinished: Submission | undefined): boolean {
  if (!(error instanceof ApiError) || error.code !== "upload.in_progress") return false;
  return unfinished !== undefined && error.detail.submission_id === unfinished.id;
}

function hasOtherSize(problems: Record<string, Problem>): boolean {
  return Object.values(problems).some((problem) => problem.code === "other_size");
}

const NO_USE = new Set(["upload.unreadable", "upload.duplicate", "upload.window_closed", "upload.quota"]);

/** Whether the same files may get through at another try. */
function canGoOn(error: unknown): boolean {
  return !(error instanceof ApiError && NO_USE.has(error.code));
}
