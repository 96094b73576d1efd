import { api, type Choice, type PracticeSaid, type PracticeTask } from "@gavel/api";
import { PageHead, StateMark, useTitle } from "@gavel/desk";
import { Button, EmptyState, ErrorNote, Link, Loading, SideCard } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import answers from "../show/Answers.module.css";
import { ChoiceIcon } from "../verdict/Form";
import { CHOICES } from "../verdict/keys";
import { SIDES, turned } from "../verdict/sides";
import css from "./Practice.module.css";
import { TASK, useTask } from "./useTask";

/** Pairs that the producers know: to find one's eye before the show, and for them to see how steady it is. */
export function PracticePage() {
  const { t } = useT();
  useTitle(t("practice.title"));
  const { data: task, error, refetch } = useTask();
  const [last, setLast] = useState<{ task: PracticeTask; said: PracticeSaid | null } | null>(null);
  return (
    <>
      <PageHead title={t("practice.title")}>{t("practice.lead")}</PageHead>
      <div aria-live="polite">{last?.said && <Told task={last.task} said={last.said} />}</div>
      {task ? (
        <Pair key={`${task.item_id}.${task.time}`} task={task} onDone={(said) => setLast({ task, said })} />
      ) : task === null ? (
        <EmptyState title={t(last ? "practice.over" : "practice.none")}>
          <Link to="/" className={css.way}>
            {t("practice.back")}
          </Link>
        </EmptyState>
      ) : error ? (
        <ErrorNote error={error} retry={() => void refetch()} />
      ) : (
        <Loading />
      )}
    </>
  );
}

function Pair({ task, onDone }: { task: PracticeTask; onDone: (said: PracticeSaid | null) => void }) {
  const { t } = useT();
  const queries = useQueryClient();
  const seen = task.mirrored ? { left: task.right, right: task.left } : task;
  const send = useMutation({
    mutationFn: (choice: Choice) =>
      api.post("/api/judging/calibration/{item_id}/answers", {
        params: { path: { item_id: task.item_id } },
        body: { time: task.time, choice: task.mirrored ? turned(choice) : choice },
      }),
    onSuccess: async (said) => {
      onDone(said);
      await queries.invalidateQueries({ queryKey: TASK });
    },
  });
  return (
    <section className={css.pair} aria-label={t("practice.pair", { number: task.done + 1, total: task.total })}>
      <p className={css.count}>{t("practice.pair", { number: task.done + 1, total: task.total })}</p>
      <h2 className={css.prompt}>{task.prompt}</h2>
      <div className={answers.pair}>
        {SIDES.map((side) => (
          <SideCard key={side} side={side}>
            <p className={answers.text}>{seen[side]}</p>
          </SideCard>
        ))}
      </div>
      <div className={css.choices}>
        {CHOICES.map((choice) => (
          <Button key={choice} disabled={send.isPending} onClick={() => send.mutate(choice)}>
            <ChoiceIcon choice={choice} /> {t(`choice.${choice}`)}
          </Button>
        ))}
      </div>
      {send.error && <ErrorNote error={send.error} />}
    </section>
  );
}

/** What is known of the pair that was just judged; the sides as they stood on this page. */
function Told({ task, said }: { task: PracticeTask; said: PracticeSaid }) {
  const { t } = useT();
  const gold = said.gold && task.mirrored ? turned(said.gold) : said.gold;
  return (
    <p className={css.told}>
      {gold && (
        <>
          <StateMark tone={said.agrees ? "good" : "warn"} />
          <span>
            {t(said.agrees ? "practice.agrees" : "practice.differs", { choice: t(`choice.${gold}`) })} {said.why}
          </span>
        </>
      )}
      {said.steady !== null && <span>{t(said.steady ? "practice.steady" : "practice.unsteady")}</span>}
    </p>
  );
}
