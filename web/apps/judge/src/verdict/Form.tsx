import type { Choice, JudgeDesk } from "@gavel/api";
import { SmallButton, StateMark, TextField } from "@gavel/desk";
import { Button, cx, ErrorNote, SideIcon } from "@gavel/ui";
import { type FormEvent, type KeyboardEvent, type ReactNode, useId } from "react";
import { useT } from "../i18n";
import { NOTE_LIMIT } from "./draft";
import { Excuses } from "./Excuses";
import css from "./Form.module.css";
import { CHOICES, LETTERS, slotFor, slotsOf, wishOf } from "./keys";
import { Rubric, slotName } from "./Rubric";
import type { VerdictInHand } from "./useVerdict";

/** So many criteria are in sight together with both answers and the choices on a screen of 1440 × 900. */
const HELD = 4;

interface FormProps {
  verdict: VerdictInHand;
  desk: JudgeDesk;
  teaches: boolean;
  /** What is judged: it stands inside the form, so that the ballot stays in sight below it. */
  children: ReactNode;
}

/** What is judged, the rubric, the four choices, the note, and the button that hands them in. */
export function Form({ verdict, desk, teaches, children }: FormProps) {
  const { t } = useT();
  const { draft, saved, changed, confirms, busy, choose, write, score, submit } = verdict;
  const name = useId();
  const criteria = desk.rubric.length;
  const slots = slotsOf(desk.rubric.map(({ id }) => id));
  const press = (event: KeyboardEvent<HTMLFormElement>) => {
    const wish = wishOf(event);
    if (wish === null) return;
    event.preventDefault();
    if (wish === "submit") return submit();
    if (typeof wish !== "number") return choose(wish);
    const held = (event.target as Element).closest<HTMLElement>("[data-slot]")?.dataset.slot;
    const slot = slotFor(slots, draft.scores, slots.find((one) => slotName(one) === held) ?? null);
    if (slot === null) return;
    score(slot.criterion, slot.side, wish);
    const next = slots[slots.indexOf(slot) + 1];
    const there = next && event.currentTarget.querySelector<HTMLElement>(`[data-slot="${slotName(next)}"]`);
    (there?.querySelector<HTMLElement>("input:checked") ?? there?.querySelector<HTMLElement>("input"))?.focus();
  };
  const send = (event: FormEvent) => {
    event.preventDefault();
    submit();
  };
  return (
    <form className={css.form} aria-label={t("verdict.yours")} onSubmit={send} onKeyDown={press}>
      {children}
      <div className={cx(css.below, criteria > 0 && criteria <= HELD && css.held)}>
        {criteria > 0 && <Rubric rubric={desk.rubric} required={desk.scores === "required"} verdict={verdict} />}
        <div className={css.asides}>
          {teaches && <p className={css.teaches}>{t("verdict.teaches")}</p>}
          <Excuses desk={desk} judged={saved !== null} />
        </div>
        <div className={css.dock}>
          <fieldset className={css.choices} aria-label={t("verdict.ask")}>
            {CHOICES.map((choice) => (
              <ChoiceRadio key={choice} {...{ choice, name }} chosen={draft.choice === choice} onChoose={choose} />
            ))}
          </fieldset>
          <div className={css.rest}>
            <TextField
              label={t("verdict.note")}
              hint={draft.note.length > NOTE_LIMIT - 100 ? `${draft.note.length} / ${NOTE_LIMIT}` : undefined}
              rows={2}
              maxLength={NOTE_LIMIT}
              value={draft.note}
              onChange={(event) => write(event.target.value)}
            />
            <div className={css.hand}>
              {/* Not `disabled`, which would take the focus out of the form, and the keys with it. */}
              <Button
                tone="gold"
                type="submit"
                wide
                aria-disabled={draft.choice === null || busy || (!changed && !confirms)}
                aria-keyshortcuts="Control+Enter"
              >
                {t(buttonWords(verdict))}
                <span className={css.keys} aria-hidden="true">
                  <kbd>Ctrl</kbd>
                  <kbd>Enter</kbd>
                </span>
              </Button>
              <Standing verdict={verdict} />
            </div>
          </div>
          {verdict.error !== null && <ErrorNote className={css.error} error={verdict.error} retry={submit} />}
        </div>
      </div>
    </form>
  );
}

function buttonWords({ busy, saved, changed, confirms }: VerdictInHand) {
  if (busy) return "verdict.sending";
  if (!saved) return "verdict.submit";
  if (changed) return "verdict.resubmit";
  return confirms ? "verdict.confirm" : "verdict.submitted";
}

interface ChoiceRadioProps {
  choice: Choice;
  name: string;
  chosen: boolean;
  onChoose: (choice: Choice) => void;
}

/** A radio button that fills its card: the arrow keys go from one to the next by themselves. */
function ChoiceRadio({ choice, name, chosen, onChoose }: ChoiceRadioProps) {
  const { t } = useT();
  return (
    <label className={cx(css.choice, css[choice], chosen && css.chosen)}>
      <input
        type="radio"
        name={name}
        checked={chosen}
        aria-keyshortcuts={LETTERS[choice]}
        onChange={() => onChoose(choice)}
      />
      <ChoiceIcon choice={choice} inverse={chosen} />
      <span>{t(`choice.${choice}`)}</span>
      <span className={css.keys} aria-hidden="true">
        <kbd>{LETTERS[choice]}</kbd>
      </span>
    </label>
  );
}

export function ChoiceIcon({ choice, inverse = false }: { choice: Choice; inverse?: boolean }) {
  if (choice === "left" || choice === "right") return <SideIcon side={choice} size={20} inverse={inverse} />;
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" stroke="currentColor" strokeWidth="2.4">
      <path d={choice === "tie" ? "M4 7.5h12M4 12.5h12" : "M5 5l10 10M15 5 5 15"} strokeLinecap="round" />
    </svg>
  );
}

/** Where the verdict stands: not chosen, not submitted, in, or in with a change in hand. */
function Standing({ verdict }: { verdict: VerdictInHand }) {
  const { t } = useT();
  const { draft, saved, changed, confirms, known, newer, stuck } = verdict;
  if (stuck) {
    return (
      <div className={css.standing} role="status">
        <p>
          <StateMark tone="warn" /> {t("verdict.stuck")}
        </p>
      </div>
    );
  }
  if (newer) {
    return (
      <p className={css.standing} role="status">
        <StateMark tone="warn" /> {t("verdict.newer")}
      </p>
    );
  }
  if (saved && changed) {
    return (
      <div className={css.standing} role="status">
        <p>
          <StateMark tone="warn" /> {t("verdict.changed", { choice: t(`choice.${saved.choice}`) })}
        </p>
        <SmallButton tone="bare" onClick={verdict.takeBack}>
          {t("verdict.take_back")}
        </SmallButton>
      </div>
    );
  }
  return (
    <p className={css.standing} role="status">
      {saved ? (
        <>
          <StateMark tone="good" /> <b className={css.in}>{t("verdict.in")}</b>{" "}
          {t(confirms ? "verdict.confirm_or_change" : "verdict.changeable")}
        </>
      ) : !known && verdict.unknownWhy !== null ? (
        t("verdict.unknown")
      ) : (
        t(draft.choice === null ? "verdict.choose" : "verdict.draft")
      )}
    </p>
  );
}
