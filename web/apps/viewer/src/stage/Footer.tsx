import type { Stage } from "@gavel/api";
import { AiLabel, useRemaining } from "@gavel/ui";
import { Qr } from "@gavel/ui/qr";
import { useT } from "../i18n";
import { fingerprint } from "../shared/fingerprint";
import css from "./Footer.module.css";

interface FooterProps {
  stage: Stage;
  serverNow: () => number;
  joinUrl: string;
}

/** How to join: always in the same corner. */
function Join({ code, url }: { code: string; url: string }) {
  const { t } = useT();
  return (
    <div className={css.join}>
      <p>
        {t("stage.scan")}
        <b>{code}</b>
      </p>
      <Qr text={url} label={url} className={css.qr} />
    </div>
  );
}

function VoteLine({ ballot, serverNow }: { ballot: NonNullable<Stage["ballot"]>; serverNow: () => number }) {
  const { t, number } = useT();
  const remaining = useRemaining(ballot.closes_at, serverNow);
  const whole = Math.max(1, Date.parse(ballot.closes_at) - Date.parse(ballot.opens_at));
  return (
    <div className={css.middle}>
      <p className={css.line}>
        <span className={css.call}>{remaining > 0 ? t("stage.voting") : t("vote.closing")}</span>
        <span className={css.counted}>
          {t("vote.counted_total", { count: ballot.counted, votes: number(ballot.counted) })}
        </span>
      </p>
      <div className={css.track} aria-hidden="true">
        <i style={{ transform: `scaleX(${Math.min(1, remaining / whole)})` }} />
      </div>
      <p className={css.count}>{t("vote.hidden")}</p>
    </div>
  );
}

interface LockedLineProps {
  ballot: NonNullable<Stage["ballot"]>;
  /** The reveal is still to come. */
  waiting: boolean;
  joinUrl: string;
}

/** The root in words for the eye, and whole in a code for the phone: nothing can be changed behind it any more. */
function LockedLine({ ballot, waiting, joinUrl }: LockedLineProps) {
  const { t, number } = useT();
  const check = new URL(`/check/${ballot.id}#${ballot.root}`, joinUrl).href;
  return (
    <div className={css.locked}>
      {ballot.root && <Qr text={check} label={t("stage.check")} className={css.qr} />}
      <div className={css.middle}>
        <p className={css.call}>{t("locked.title")}</p>
        {ballot.root && (
          <p className={css.root}>
            {t("locked.root")} <code>{fingerprint(ballot.root)}</code>
          </p>
        )}
        <p className={css.count}>
          {t("vote.counted_total", { count: ballot.counted, votes: number(ballot.counted) })}
          {waiting && ` · ${t("locked.text")}`}
        </p>
      </div>
    </div>
  );
}

function Middle({ stage, serverNow, joinUrl }: FooterProps) {
  const { t } = useT();
  const { phase, ballot, duel } = stage;
  if (phase === "vote" && ballot) return <VoteLine ballot={ballot} serverNow={serverNow} />;
  if ((phase === "locked" || phase === "revealed") && ballot)
    return <LockedLine ballot={ballot} waiting={phase === "locked"} joinUrl={joinUrl} />;
  const waiting = duel?.state === "queued" || duel?.state === "loading";
  return (
    <div className={css.middle}>
      {waiting && <p className={css.call}>{t("duel.preparing")}</p>}
      {duel && phase !== "finished" && <p className={css.count}>{t("stage.counting")}</p>}
    </div>
  );
}

/** The lower third: the AI label, the vote, the way in. */
export function Footer({ stage, serverNow, joinUrl }: FooterProps) {
  const { t } = useT();
  // On the idle stage the way in is large, unless the hall is asked something.
  const ownJoin = stage.phase === "idle" && stage.polls.length === 0;
  return (
    <footer className={css.footer}>
      <div className={css.label}>
        <AiLabel className={css.ai} />
        <p>
          {t("stage.label")}
          <br />
          {t("stage.trace")}
        </p>
      </div>
      <Middle stage={stage} serverNow={serverNow} joinUrl={joinUrl} />
      {ownJoin || stage.phase === "finished" ? <span /> : <Join code={stage.episode.code} url={joinUrl} />}
    </footer>
  );
}
