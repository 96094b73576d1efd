import { cx, SideIcon } from "@gavel/ui";
import { useT } from "../i18n";
import css from "./VoteDock.module.css";
import type { Vote } from "./vote";

const CHOICES = ["left", "right", "tie", "both_bad"] as const;

interface VoteDockProps {
  vote: Vote;
  cast: (choice: string) => void;
  open: boolean;
  /** All votes counted so far. */
  counted: number;
  /** Votes may become what a model learns from: said before anybody votes. */
  teaches: boolean;
}

/** Four choices under the thumb. One tap; what it says about the vote is what the server said. */
export function VoteDock({ vote, cast, open, counted, teaches }: VoteDockProps) {
  const { t } = useT();
  const chosen = vote.step === "confirm" ? vote.was.choice : "choice" in vote ? vote.choice : null;
  const settled = vote.step === "counted" || vote.step === "confirm" || vote.step === "unsure";
  const disabled = vote.step === "sending" || !open;
  return (
    <section className={css.dock} aria-label={t("vote.ask")}>
      <h2 className={css.ask}>{t("vote.ask")}</h2>
      <div className={cx(css.choices, settled && css.settled)}>
        {CHOICES.map((choice) => (
          <button
            key={choice}
            type="button"
            className={cx(css.choice, css[choice], chosen === choice && css.chosen)}
            aria-pressed={chosen === choice}
            disabled={disabled && chosen !== choice}
            onClick={() => cast(choice)}
          >
            {(choice === "left" || choice === "right") && <SideIcon side={choice} size={20} inverse />}
            {t(`choice.${choice}`)}
          </button>
        ))}
      </div>
      <VoteNote {...{ vote, open, counted, teaches }} />
    </section>
  );
}

function VoteNote({ vote, open, counted, teaches }: Omit<VoteDockProps, "cast">) {
  const { t, number, errorText } = useT();
  if (vote.step === "sending") {
    return (
      <p className={css.note} role="status">
        <i className={css.spin} aria-hidden="true" />
        {vote.tries === 0 ? t("vote.sending") : t("vote.again")}
      </p>
    );
  }
  if (vote.step === "counted") {
    return (
      <p className={css.note} role="status">
        <b className={css.good}>✓ {t(vote.n > 1 ? "vote.changed" : "vote.counted")}</b> ·{" "}
        {t("vote.receipt", { seq: number(vote.receipt.seq + 1) })}
      </p>
    );
  }
  if (vote.step === "confirm") {
    return (
      <p className={css.note} role="status">
        {t("vote.confirm", { choice: t(`choice.${vote.choice as "left"}`) })}
      </p>
    );
  }
  if (vote.step === "refused" || vote.step === "unsure") {
    return (
      <p className={cx(css.note, css.failed)} role="alert">
        <b>{vote.step === "refused" ? t("vote.not_counted") : t("vote.sending")}</b>{" "}
        {vote.step === "unsure" ? t("vote.unsure") : errorText(vote.error)}
        {vote.step === "refused" &&
          vote.stands &&
          ` ${t("vote.yours", { choice: t(`choice.${vote.stands.choice as "left"}`) })}`}
      </p>
    );
  }
  if (vote.step === "unknown") {
    return (
      <p className={cx(css.note, css.failed)} role="alert">
        {errorText(vote.error)}
      </p>
    );
  }
  return (
    <p className={css.note}>
      {open
        ? `${t("vote.once")} · ${t("vote.counted_total", { count: counted, votes: number(counted) })}`
        : t("vote.closing")}
      {open && teaches && ` · ${t("vote.teaches")}`}
    </p>
  );
}
