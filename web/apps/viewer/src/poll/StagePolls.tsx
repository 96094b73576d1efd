import type { StagePoll } from "@gavel/api";
import { Countdown, cx } from "@gavel/ui";
import { useT as useShowT } from "../i18n";
import { fingerprint } from "../shared/fingerprint";
import { useT } from "./i18n";
import css from "./StagePoll.module.css";
import { ranked, takesVotes, usePollTexts } from "./texts";

interface StagePollsProps {
  polls: StagePoll[];
  serverNow: () => number;
  /** Over a duel; otherwise in a place of their own. */
  over: boolean;
  /** The board stands on the right. */
  board: boolean;
}

/** So many options have room; beside two other polls fewer. */
const OPTIONS = { alone: 6, many: 4 };

/** On air: what is asked of the hall, how many have answered, and the result once it is published. */
export default function StagePolls({ polls, serverNow, over, board }: StagePollsProps) {
  const many = !over && polls.length > 2;
  return (
    <aside className={cx(css.polls, over && css.over, board && css.left, many && css.many)}>
      {polls.map((poll) => (
        <Poll key={poll.id} poll={poll} serverNow={serverNow} most={OPTIONS[many ? "many" : "alone"]} />
      ))}
    </aside>
  );
}

interface PollProps {
  poll: StagePoll;
  serverNow: () => number;
  /** Options that are shown. */
  most: number;
}

function Poll({ poll, serverNow, most }: PollProps) {
  const { t, number } = useT();
  const { t: show } = useShowT();
  const { question, optionOf } = usePollTexts(poll);
  const peak = Math.max(1, ...ranked(poll).map((one) => one.votes));
  return (
    <section className={cx(css.poll, poll.triggered && css.hot)}>
      <header>
        <h2>{question}</h2>
        {poll.state === "open" && <Countdown from={poll.opens_at} until={poll.closes_at} serverNow={serverNow} />}
      </header>
      {poll.triggered && <p className={css.call}>{t("poll.triggered")}</p>}
      {poll.result ? (
        <ol>
          {ranked(poll)
            .slice(0, most)
            .map(({ id, votes }) => (
              <li key={id}>
                <span>{optionOf(id)}</span>
                <b>{number(votes)}</b>
                <i style={{ transform: `scaleX(${votes / peak})` }} aria-hidden="true" />
              </li>
            ))}
        </ol>
      ) : (
        poll.kind !== "surprise" && <Options ids={poll.options.map(({ id }) => id)} most={most} nameOf={optionOf} />
      )}
      <p className={css.counted}>
        {show("vote.counted_total", { count: poll.counted, votes: number(poll.counted) })}
        {!takesVotes(poll) &&
          !poll.result &&
          ` · ${t(poll.state === "certified" ? "poll.certified" : "poll.counting")}`}
        {poll.threshold !== null && !poll.triggered && ` · ${t("poll.enough", { threshold: poll.threshold })}`}
      </p>
      {poll.root && (
        <p className={css.root}>
          {show("locked.root")} <code>{fingerprint(poll.root)}</code>
        </p>
      )}
    </section>
  );
}

interface OptionsProps {
  ids: string[];
  most: number;
  nameOf: (id: string) => string;
}

/** All of them or none: the first ones alone would be an advantage. */
function Options({ ids, most, nameOf }: OptionsProps) {
  const { t } = useT();
  if (ids.length > most) return <p className={css.options}>{t("poll.on_phone", { count: ids.length })}</p>;
  return (
    <ul>
      {ids.map((id) => (
        <li key={id}>{nameOf(id)}</li>
      ))}
    </ul>
  );
}
