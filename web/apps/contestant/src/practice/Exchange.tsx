import { api, type Practice, type PracticeVoice } from "@gavel/api";
import { SmallButton, useReason, useTimes } from "@gavel/desk";
import { useChannel } from "@gavel/live";
import { AiLabel, cx, ErrorNote } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { useEffect } from "react";
import { useT } from "../i18n";
import css from "./Practice.module.css";
import { isUnderWay, useLookAgain } from "./practice";

/** One that is being answered, word by word. When it has ended, the list is read anew. */
export function Live({ practice }: { practice: Practice }) {
  const { state, status } = useChannel<Practice>(`practice:${practice.id}`);
  const lookAgain = useLookAgain(practice.entry_id);
  const ended = status === "missing" || (state !== null && !isUnderWay(state));
  useEffect(() => {
    if (ended) void lookAgain();
  }, [ended, lookAgain]);
  return <Ended practice={state ?? practice} />;
}

export function Ended({ practice }: { practice: Practice }) {
  const { t } = useT();
  const { moment } = useTimes();
  const lookAgain = useLookAgain(practice.entry_id);
  const forget = useMutation({
    mutationFn: () => api.delete("/api/practice/{exchange_id}", { params: { path: { exchange_id: practice.id } } }),
    onSettled: lookAgain,
  });
  const running = isUnderWay(practice);
  return (
    <article className={css.exchange} aria-busy={running}>
      <header className={css.head}>
        <p className={css.asked}>{practice.prompt}</p>
        <span className={cx(css.note, css.when)}>{moment(practice.created_at)}</span>
        <SmallButton
          disabled={forget.isPending}
          aria-label={`${t("practice.forget")}: ${practice.prompt.slice(0, 40)}`}
          onClick={() => forget.mutate()}
        >
          {t("practice.forget")}
        </SmallButton>
      </header>
      <Status practice={practice} />
      {practice.state !== "queued" && practice.state !== "failed" && (
        <div className={css.voices}>
          <Voice name={t("practice.mine", { n: practice.version })} voice={practice.mine} writing={running} mine />
          <Voice name={t("practice.house")} voice={practice.house} writing={running} />
        </div>
      )}
      {forget.error && <ErrorNote error={forget.error} />}
    </article>
  );
}

/** Why it waits, or why there is no answer. Read out; the words themselves are not, as they come by the dozen. */
function Status({ practice }: { practice: Practice }) {
  const { t, language } = useT();
  const { clock } = useTimes();
  const reason = useReason();
  const words = () => {
    const { waiting } = practice;
    if (waiting) {
      const parts = [reason(waiting.reason), t("practice.until", { time: clock(waiting.deadline) })];
      return parts.join(language === "zh" ? "" : " ");
    }
    if (practice.state === "queued") return t("practice.queued");
    if (practice.state === "answering") return t("practice.answering");
    if (practice.state === "failed") return t("practice.failed");
    return null;
  };
  const said = words();
  return (
    <p className={cx(css.status, said === null && "hidden")} role="status">
      {said ?? t("practice.answered")}
    </p>
  );
}

interface VoiceProps {
  name: string;
  voice: PracticeVoice;
  writing: boolean;
  mine?: boolean;
}

function Voice({ name, voice, writing, mine = false }: VoiceProps) {
  const { t, number } = useT();
  const text = voice.text.trimStart();
  const open = writing && !voice.finished;
  return (
    <div className={cx(css.voice, mine && css.mine)}>
      <header>
        <h3>{name}</h3>
        <AiLabel />
      </header>
      {voice.refused !== null ? (
        <p className={css.refused}>{t(voice.refused === "unchecked" ? "practice.unchecked" : "practice.refused")}</p>
      ) : (
        <p className={css.text}>
          {text === "" && !open ? t("answer.silent") : text}
          {open && <span className={css.caret} aria-hidden="true" />}
        </p>
      )}
      <p className={css.note}>{t("practice.tokens", { count: voice.tokens, tokens: number(voice.tokens) })}</p>
    </div>
  );
}
