import type { StagePoll } from "@gavel/api";
import { useT } from "./i18n";

/** What a poll asks, in the language of the page; a producer may have written it in one of the two only. */
export function usePollTexts(poll: StagePoll) {
  const { t, find, language } = useT();
  const chosen = (zh: string, en: string) => (language === "zh" ? zh || en : en || zh);
  const kind = poll.kind === "duel" ? "question" : poll.kind;
  return {
    question: chosen(poll.question_zh, poll.question_en) || t(`poll.kind.${kind}`),
    optionOf: (id: string) => {
      const option = poll.options.find((one) => one.id === id);
      return (option && chosen(option.zh, option.en)) || find(`poll.option.${id}`) || id;
    },
  };
}

export const takesVotes = ({ state }: StagePoll) => state === "open" || state === "closing";

/** Options with their voters, the most first. */
export function ranked(poll: StagePoll): { id: string; votes: number }[] {
  const counted = poll.result?.counted ?? {};
  return poll.options.map(({ id }) => ({ id, votes: counted[id] ?? 0 })).sort((a, b) => b.votes - a.votes);
}
