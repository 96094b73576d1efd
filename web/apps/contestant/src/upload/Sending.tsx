import { bytes, Meter, SmallButton, StateMark, type Tone } from "@gavel/desk";
import { useT } from "../i18n";
import { CancelUpload } from "./CancelUpload";
import { leftOf } from "./speed";
import css from "./Upload.module.css";
import { forget, pause, type Running } from "./useUpload";

export const TONES: Record<Running["step"], Tone> = {
  hashing: "busy",
  sending: "busy",
  waiting: "warn",
  paused: "calm",
  arriving: "busy",
};

interface SendingProps {
  entry: string;
  upload: Running;
  version: number;
  goOn: () => void;
}

/** An upload on its way: how far, how fast, how long; to pause, to go on, to cancel. */
export function Sending({ entry, upload, version, goOn }: SendingProps) {
  const { t, number } = useT();
  const { step, done, total, rate, submission } = upload;
  // Rounded down: 100 % is all of it.
  const share = Math.floor((100 * done) / Math.max(1, total)) / 100;
  const paused = step === "paused";
  return (
    <div className={css.sending} data-step={step}>
      <p className={css.share}>
        {/* The figures change many times a second: only the turns are read out. */}
        <span role="status">
          <StateMark tone={TONES[step]} size={20} />
          {t(`upload.step.${step}`, { n: submission?.version ?? version })}
        </span>
        <b>{number(share, { style: "percent" })}</b>
      </p>
      <Meter className={css.meter} done={done} total={total} label={t("upload.progress")} />
      <footer className={css.foot}>
        <p className={css.note}>
          {t("upload.of", { done: bytes(done), total: bytes(total) })}
          {step === "sending" && <Pace rate={rate} rest={total - done} />}
          {(step === "waiting" || paused) && (
            <>
              <br />
              {t(`upload.hint.${step}`)}
            </>
          )}
        </p>
        <div className={css.actions}>
          {submission ? (
            <CancelUpload entry={entry} submission={submission} />
          ) : (
            <SmallButton onClick={() => forget(entry)}>{t("upload.cancel")}</SmallButton>
          )}
          {submission && step !== "arriving" && (
            <SmallButton tone={paused ? "gold" : "ghost"} onClick={() => (paused ? goOn() : pause(entry))}>
              {t(paused ? "upload.resume" : "upload.pause")}
            </SmallButton>
          )}
        </div>
      </footer>
    </div>
  );
}

function Pace({ rate, rest }: { rate: number | null; rest: number }) {
  const { t } = useT();
  const left = leftOf(rest, rate);
  return (
    <>
      {" · "}
      {t("upload.speed", { speed: rate === null ? "–" : bytes(rate) })}
      {left && (
        <>
          {" · "}
          {t(`upload.left_${left.unit}`, { count: left.count })}
        </>
      )}
    </>
  );
}
