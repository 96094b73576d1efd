import type { StagePoll } from "@gavel/api";
import { Countdown, cx, Link, useRemaining } from "@gavel/ui";
import { Levels } from "@gavel/ui/levels";
import { lazy, Suspense } from "react";
import { useT as useShowT } from "../i18n";
import { keptOf, useKeeping } from "../phone/kept";
import { useVote } from "../phone/useVote";
import { asked } from "../phone/vote";
import { fingerprint } from "../shared/fingerprint";
import { useT as useLevelsT } from "../vouch/i18n";
import { useT } from "./i18n";
import css from "./Poll.module.css";
import { ranked, takesVotes, usePollTexts } from "./texts";

const Vouch = lazy(() => import("../vouch/Vouch"));

interface PollProps {
  episode: string;
  poll: StagePoll;
  serverNow: () => number;
}

/** Questions to the hall beside the duel: one tap each, counted when the server has said so. */
export default function PhonePolls({ polls, ...rest }: Omit<PollProps, "poll"> & { polls: StagePoll[] }) {
  return (
    <div className={css.polls}>
      {polls.map((poll) => (
        <Poll key={poll.id} poll={poll} {...rest} />
      ))}
    </div>
  );
}

function Poll({ episode, poll, serverNow }: PollProps) {
  const { number } = useT();
  const { t: show } = useShowT();
  const { question } = usePollTexts(poll);
  return (
    <section className={css.poll} aria-label={question}>
      <header className={css.head}>
        <h2>{question}</h2>
        {poll.state === "open" && <Countdown from={poll.opens_at} until={poll.closes_at} serverNow={serverNow} />}
      </header>
      {poll.result ? <Result poll={poll} /> : <Choices {...{ episode, poll, serverNow }} />}
      <p className={css.note}>{show("vote.counted_total", { count: poll.counted, votes: number(poll.counted) })}</p>
      {poll.root && (
        <p className={css.note}>
          {show("locked.root")} <code>{fingerprint(poll.root)}</code>
        </p>
      )}
      {poll.root && keptOf(poll.id).vote !== null && (
        <Link to={`/check/${poll.id}`} className={css.check}>
          {show("receipt.check")}
        </Link>
      )}
    </section>
  );
}

function Choices({ episode, poll, serverNow }: PollProps) {
  const { t, errorText } = useT();
  const { t: show } = useShowT();
  const { optionOf } = usePollTexts(poll);
  const delay = Math.max(0, ...Object.values(poll.delays)) * 1000;
  // Which channel this phone sees the show by is in its device token: the portal decides, and the page only tries.
  const open = () => takesVotes(poll) && serverNow() < Date.parse(poll.closes_at) + delay;
  const { vote, cast } = useVote(poll.id, open);
  useKeeping(poll, vote);
  const remaining = useRemaining(poll.closes_at, serverNow);
  const chosen = "choice" in vote ? vote.choice : null;
  const closed = !takesVotes(poll) || (remaining === 0 && delay === 0);
  return (
    <>
      <div className={css.choices}>
        {poll.options.map(({ id }) => (
          <button
            key={id}
            type="button"
            className={cx(css.choice, chosen === id && css.chosen)}
            aria-pressed={chosen === id}
            disabled={closed || vote.step === "sending" || vote.step === "asking"}
            onClick={() => cast(id)}
          >
            {optionOf(id)}
          </button>
        ))}
      </div>
      {poll.triggered && (
        <p className={css.hot} role="status">
          {t("poll.triggered")}
        </p>
      )}
      {poll.threshold !== null && !poll.triggered && (
        <p className={css.note}>{t("poll.enough", { threshold: poll.threshold })}</p>
      )}
      <p className={css.note} role="status">
        {vote.step === "sending" && show("vote.sending")}
        {vote.step === "counted" && `✓ ${t(!closed && poll.options.length > 1 ? "poll.change" : "poll.thanks")}`}
        {vote.step === "confirm" && show("vote.confirm", { choice: optionOf(vote.choice) })}
        {vote.step === "unsure" && show("vote.unsure")}
      </p>
      {(vote.step === "refused" || vote.step === "unknown") && (
        <p className={css.bad} role="alert">
          {vote.step === "refused" && show("vote.not_counted")} {errorText(vote.error)}
        </p>
      )}
      {vote.step === "refused" && asked(vote) > 0 && (
        <Suspense>
          <Vouch episode={episode} needed={asked(vote)} onDone={() => cast(vote.choice)} />
        </Suspense>
      )}
      {closed && <p className={css.note}>{t(poll.state === "certified" ? "poll.certified" : "poll.counting")}</p>}
    </>
  );
}

function Result({ poll }: { poll: StagePoll }) {
  const { t, number } = useT();
  const { t: words } = useLevelsT();
  const { optionOf } = usePollTexts(poll);
  return (
    <>
      <ol className={css.result} aria-label={t("poll.result")}>
        {ranked(poll).map(({ id, votes }) => (
          <li key={id}>
            <span>{optionOf(id)}</span>
            <b>{t("poll.votes", { count: votes, votes: number(votes) })}</b>
          </li>
        ))}
      </ol>
      <Levels
        levels={poll.result?.levels ?? {}}
        caption={words("levels.title")}
        nameOf={(level) => words(`levels.${level}`)}
        seats={!!poll.result?.seats.made && words("levels.seats", poll.result.seats)}
      />
    </>
  );
}
