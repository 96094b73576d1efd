import { SelectField, SmallButton, TextField } from "@gavel/desk";
import { useRef } from "react";
import { useT } from "../i18n";
import css from "./Course.module.css";
import type { Draft } from "./draft";
import { length, TURNS } from "./next";

const KINDS = ["single", "follow_up", "debate"] as const;

interface CourseProps {
  draft: Draft;
  edit: (change: Partial<Draft>) => void;
  limit: number;
}

/** How the duel goes: one answer, follow-ups that are written down now, or a debate over some turns. */
export function Course({ draft, edit, limit }: CourseProps) {
  const { t } = useT();
  const choose = (kind: Draft["kind"]) =>
    edit({ kind, followUps: kind === "follow_up" && draft.followUps.length === 0 ? [""] : draft.followUps });
  return (
    <>
      <SelectField
        label={t("course.kind")}
        value={draft.kind}
        onChange={(event) => choose(event.target.value as Draft["kind"])}
      >
        {KINDS.map((kind) => (
          <option key={kind} value={kind}>
            {t(`course.${kind}`)}
          </option>
        ))}
      </SelectField>
      <p className={css.note}>{t(`course.${draft.kind}_text`)}</p>
      {draft.kind === "debate" && (
        <SelectField
          label={t("course.turns")}
          value={draft.turns}
          onChange={(event) => edit({ turns: Number(event.target.value) })}
        >
          {Array.from({ length: TURNS.most - TURNS.least + 1 }, (_, index) => index + TURNS.least).map((turns) => (
            <option key={turns} value={turns}>
              {t("course.count", { count: turns })}
            </option>
          ))}
        </SelectField>
      )}
      {draft.kind === "follow_up" && <FollowUps {...{ draft, edit, limit }} />}
    </>
  );
}

function FollowUps({ draft: { followUps }, edit, limit }: CourseProps) {
  const { t } = useT();
  const list = useRef<HTMLDivElement>(null);
  const focus = (place: number) =>
    requestAnimationFrame(() => list.current?.querySelectorAll("textarea")[place]?.focus());
  const put = (place: number, prompt: string) =>
    edit({ followUps: followUps.map((old, index) => (index === place ? prompt : old)) });
  const add = () => {
    edit({ followUps: [...followUps, ""] });
    focus(followUps.length);
  };
  const remove = (place: number) => {
    edit({ followUps: followUps.filter((_, index) => index !== place) });
    focus(Math.max(0, place - 1));
  };
  return (
    <div ref={list} className={css.list}>
      {followUps.map((prompt, place) => {
        const used = length(prompt.trim());
        const count = t("setup.count", { used, limit });
        const name = t("course.follow", { turn: place + 2 });
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a turn is its place
          <div key={place} className={css.follow}>
            <TextField
              label={name}
              rows={2}
              value={prompt}
              hint={count}
              error={used > limit ? `${count} · ${t("go.why.long")}` : undefined}
              onChange={(event) => put(place, event.target.value)}
            />
            {followUps.length > 1 && (
              <SmallButton aria-label={t("course.remove_named", { name })} onClick={() => remove(place)}>
                {t("course.remove")}
              </SmallButton>
            )}
          </div>
        );
      })}
      {followUps.length < TURNS.most - 1 && (
        <SmallButton wide onClick={add}>
          {t("course.add")}
        </SmallButton>
      )}
    </div>
  );
}
