import type { Season } from "@gavel/api";
import { bytes, Meter, SmallButton, StateMark } from "@gavel/desk";
import { Button, cx, ErrorNote } from "@gavel/ui";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { useT } from "../i18n";
import {
  CONFIG,
  choose,
  dropped,
  type Glance,
  glance,
  MAX_CONFIG_BYTES,
  NOTHING,
  type Problem,
  problemOf,
  WEIGHTS,
} from "./files";
import css from "./Upload.module.css";
import { type Upload as UploadState, useUpload } from "./useUpload";

interface UploadProps {
  entry: string;
  /** The version that this upload becomes. */
  version: number;
  season: Season;
}

/** Two files by drop or by picker, told what is wrong before a byte is sent. */
export function Upload({ entry, version, season }: UploadProps) {
  const { t } = useT();
  const [chosen, setChosen] = useState(NOTHING);
  const [unreadable, setUnreadable] = useState(false);
  const { upload, send, cancel } = useUpload(entry, version);
  const config = useGlance(chosen.config);
  const problems = {
    config: problemOf(chosen.config, MAX_CONFIG_BYTES),
    weights: problemOf(chosen.weights, season.track.max_bytes),
  };
  const take = (files: File[] | null) => {
    setUnreadable(files === null);
    if (files) setChosen((before) => choose(before, files));
  };
  const go = () => chosen.config && chosen.weights && send(chosen.config, chosen.weights);

  if (upload.step === "sending" || upload.step === "arriving") return <Sending upload={upload} cancel={cancel} />;
  const complete = chosen.config !== null && chosen.weights !== null && !problems.config && !problems.weights;
  return (
    <div className={css.upload}>
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
      {upload.step === "failed" && <ErrorNote error={upload.error} retry={complete ? go : undefined} />}
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
          {t("upload.send", { n: version })}
        </Button>
      </footer>
    </div>
  );
}

/** What adapter_config.json says, read on this device. */
function useGlance(file: File | null): Glance | null {
  const [seen, setSeen] = useState<{ file: File; glance: Glance } | null>(null);
  useEffect(() => {
    if (file === null || file.size > MAX_CONFIG_BYTES) return;
    let current = true;
    const see = (found: Glance) => current && setSeen({ file, glance: found });
    void file.text().then(
      (text) => see(glance(text)),
      // Moved or changed on the disk since it was chosen.
      () => see("unreadable"),
    );
    return () => {
      current = false;
    };
  }, [file]);
  return seen?.file === file ? (seen?.glance ?? null) : null;
}

function RankNote({ config, max }: { config: Glance | null; max: number }) {
  const { t } = useT();
  if (typeof config === "string") return <p className={css.bad}>{t(`upload.${config}`)}</p>;
  if (config === null || config.rank === null) return null;
  if (config.rank > max) return <p className={css.bad}>{t("upload.rank_high", { rank: config.rank, max })}</p>;
  return <p className={css.note}>{t("upload.rank", { rank: config.rank })}</p>;
}

interface DropProps {
  /** Null: what was dropped cannot be read. */
  take: (files: File[] | null) => void;
  children: React.ReactNode;
}

function Drop({ take, children }: DropProps) {
  const { t } = useT();
  const [over, setOver] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const drag = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void dropped(event.dataTransfer).then(take, () => take(null));
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button below does the same
    <div
      className={cx(css.drop, over && css.over)}
      onDragEnter={drag}
      onDragOver={drag}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className={css.invite}>
        <svg viewBox="0 0 32 32" width="36" height="36" aria-hidden="true" fill="none" stroke="var(--gold)">
          <path d="M16 21V6m0 0-5.5 5.5M16 6l5.5 5.5M5 20v4a3 3 0 0 0 3 3h16a3 3 0 0 0 3-3v-4" strokeWidth="2.2" />
        </svg>
        <p>
          {t("upload.drop")}
          <small>{t("upload.or")}</small>
        </p>
        <SmallButton onClick={() => picker.current?.click()}>{t("upload.choose")}</SmallButton>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          accept=".json,.safetensors"
          aria-label={t("upload.choose")}
          onChange={(event) => {
            take([...(event.target.files ?? [])]);
            // The same file may be chosen again after it was repaired.
            event.target.value = "";
          }}
        />
      </div>
      <div className={css.slots}>{children}</div>
    </div>
  );
}

interface SlotProps {
  kind: string;
  name: string;
  limit: number;
  file: File | null;
  problem: Problem | null;
  /** It may be sent, but what was read of it will be refused. */
  doubtful?: boolean;
  remove: () => void;
  children?: React.ReactNode;
}

function Slot({ kind, name, limit, file, problem, doubtful = false, remove, children }: SlotProps) {
  const { t } = useT();
  const tone = file === null ? "calm" : problem ? "bad" : doubtful ? "warn" : "good";
  return (
    <section className={css.slot} data-chosen={file !== null}>
      <StateMark tone={tone} size={20} />
      <div>
        <h3>
          {kind} <code>{file?.name ?? name}</code>
        </h3>
        <p className={css.note}>
          {file ? bytes(file.size) : `${t("upload.missing")} · ${t("upload.up_to", { size: bytes(limit) })}`}
        </p>
        {problem?.code === "empty" && <p className={css.bad}>{t("upload.empty")}</p>}
        {problem?.code === "too_large" && (
          <p className={css.bad}>{t("upload.too_large", { size: bytes(problem.size), limit: bytes(problem.limit) })}</p>
        )}
        {!problem && children}
      </div>
      {file && (
        <button
          type="button"
          className={css.remove}
          aria-label={t("upload.remove", { name: file.name })}
          onClick={remove}
        >
          <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" stroke="currentColor" strokeWidth="2">
            <path d="M5 5l10 10M15 5 5 15" strokeLinecap="round" />
          </svg>
        </button>
      )}
    </section>
  );
}

interface SendingProps {
  upload: Extract<UploadState, { step: "sending" | "arriving" }>;
  cancel: () => void;
}

function Sending({ upload, cancel }: SendingProps) {
  const { t, number } = useT();
  const sending = upload.step === "sending";
  const share = sending && upload.total > 0 ? upload.done / upload.total : 1;
  const left = sending && upload.rate ? Math.ceil((upload.total - upload.done) / upload.rate) : null;
  return (
    <div className={css.sending}>
      <p className={css.share}>
        <span>{sending ? t("upload.sending") : t("upload.arriving")}</span>
        <b>{number(share, { style: "percent" })}</b>
      </p>
      <Meter
        className={css.meter}
        done={sending ? upload.done : 1}
        total={sending ? upload.total : 1}
        label={t("upload.sending")}
      />
      <footer className={css.foot}>
        <p className={css.note}>
          {sending &&
            t("upload.speed", {
              done: bytes(upload.done),
              total: bytes(upload.total),
              speed: upload.rate === null ? "–" : bytes(upload.rate),
            })}
          {left !== null && <> · {t("upload.left", { count: left })}</>}
        </p>
        {sending && <SmallButton onClick={cancel}>{t("upload.cancel")}</SmallButton>}
      </footer>
    </div>
  );
}
