import { useT } from "./i18n";

/** Sentences with something in them that changes. */
const PATTERNS: [RegExp, string][] = [
  [/^waiting for an engine of class (?<wanted>.+); what is up is of class (?<found>.+)$/, "waiting_for_another_class"],
  [/^the engine has answered others in between: (?<count>.+)$/, "the_engine_has_answered_others"],
  [/^(?<came>\d+) tokens came, (?<wanted>\d+) were asked for$/, "tokens_came"],
  [/^waiting for an engine with the weights of (?<model>.+)$/, "waiting_for_an_engine_with_the_weights_of"],
  [/^the engine failed: (?<cause>.+)$/, "the_engine_failed"],
  [/^The training process broke \(exit (?<code>-?\d+)\): it said nothing$/, "the_training_process_was_ended"],
  [/^The training process broke \(exit (?<code>-?\d+)\): (?<cause>.+)$/, "the_training_process_broke"],
  [/^The step (?<step>\w+) took too long\.$/, "the_step_took_too_long"],
  [/^The step (?<step>\w+) broke \(exit (?<code>-?\d+)\): (?<cause>.+)$/, "the_step_broke"],
  [/^(?<file>\S+) has (?<found>\d+) bytes; this site takes (?<limit>\d+)\.$/, "the_file_is_too_large"],
  [/^an internal error: (?<cause>.+)$/, "an_internal_error"],
];

/** The portal says in an English sentence why work waits or has ended; the usual ones are known here in both languages. */
export function useReason(): (sentence: string) => string {
  const { find } = useT();
  return (sentence) => {
    for (const [pattern, key] of PATTERNS) {
      const said = pattern.exec(sentence);
      if (said) return find(`reason.${key}`, { ...said.groups }) ?? sentence;
    }
    // Dots and colons would be read as parts of the key.
    const key = sentence.replace(/[^\w']+/g, "_").replace(/_$/, "");
    return find(`reason.${key}`) ?? sentence;
  };
}

interface Failed {
  state: string;
  code: string | null;
  reason: string | null;
}

/**
 * Why a run has ended with nothing: by its code, else what the portal said. Null: it has not failed. What somebody
 * cancelled has no code and needs no words.
 */
export function useWhy(): (run: Failed) => string | null {
  const { find } = useT();
  const reason = useReason();
  return ({ state, code, reason: said }) => {
    if (state !== "failed" && !(state === "cancelled" && code)) return null;
    return (code && find(`why.${code}`)) || (said && reason(said));
  };
}
