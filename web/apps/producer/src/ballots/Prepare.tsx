import { api, type NewBallot } from "@gavel/api";
import { Dialog, Field, SelectField, SmallButton, TextField } from "@gavel/desk";
import { Button, ErrorNote } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import { channelsOf } from "../room/next";
import css from "./Ballots.module.css";
import { type Level, LevelField } from "./LevelField";

const KINDS = ["question", "surprise", "prize"] as const;
const EMPTY = { zh: "", en: "" };

interface Wanted {
  kind: (typeof KINDS)[number];
  zh: string;
  en: string;
  options: { zh: string; en: string }[];
  seconds: number;
  /** Of the stream behind the hall; 0: everybody sees the show at once. */
  delay: number;
  level: Level;
  threshold: number;
  window: number;
}

const START: Wanted = {
  kind: "question",
  zh: "",
  en: "",
  options: [EMPTY, EMPTY],
  seconds: 60,
  delay: 0,
  level: 0,
  threshold: 20,
  window: 10,
};

/** What is asked, of whom, for how long. After it is armed none of this can be changed. */
function bodyOf(wanted: Wanted): NewBallot {
  const { kind, seconds, level, delay } = wanted;
  const surprise = kind === "surprise";
  return {
    kind,
    question_zh: wanted.zh,
    question_en: wanted.en,
    options:
      kind === "question"
        ? wanted.options.filter(({ zh, en }) => zh || en).map((one) => ({ ...one, subject: null }))
        : [],
    seconds,
    level,
    channels: channelsOf(delay),
    threshold: surprise ? wanted.threshold : null,
    window_seconds: surprise ? wanted.window : null,
    max_changes: 10,
    change_seconds: 1,
  };
}

export function Prepare({ episode, onClose }: { episode: string; onClose: () => void }) {
  const { t } = useT();
  const [wanted, set] = useState(START);
  const edit = (change: Partial<Wanted>) => set((now) => ({ ...now, ...change }));
  const preparing = useMutation({
    mutationFn: () =>
      api.post("/api/episodes/{episode_id}/ballots", {
        params: { path: { episode_id: episode } },
        body: bodyOf(wanted),
      }),
    onSuccess: onClose,
  });
  const count = (name: "seconds" | "delay" | "threshold" | "window", least: number, most: number) => (
    <Field
      label={t(`ballots.${name}`)}
      type="number"
      inputMode="numeric"
      min={least}
      max={most}
      value={wanted[name]}
      onChange={(event) => edit({ [name]: Number(event.target.value) })}
    />
  );
  return (
    <Dialog
      title={t("ballots.prepare")}
      onClose={onClose}
      actions={
        <Button tone="gold" disabled={preparing.isPending} onClick={() => preparing.mutate()}>
          {t("ballots.save")}
        </Button>
      }
    >
      <div className={css.form}>
        <SelectField
          label={t("ballots.what")}
          value={wanted.kind}
          hint={t(`ballots.about.${wanted.kind}`)}
          onChange={(event) => edit({ kind: event.target.value as Wanted["kind"] })}
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`ballots.kind.${kind}`)}
            </option>
          ))}
        </SelectField>
        <Field
          label={t("ballots.question_zh")}
          maxLength={300}
          value={wanted.zh}
          onChange={(event) => edit({ zh: event.target.value })}
        />
        <Field
          label={t("ballots.question_en")}
          maxLength={300}
          value={wanted.en}
          onChange={(event) => edit({ en: event.target.value })}
        />
        {wanted.kind === "question" && <Options options={wanted.options} onChange={(options) => edit({ options })} />}
        <div className={css.row}>
          {count("seconds", 5, 3600)}
          {count("delay", 0, 120)}
        </div>
        {wanted.kind === "surprise" && (
          <div className={css.row}>
            {count("threshold", 1, 1_000_000)}
            {count("window", 1, 600)}
          </div>
        )}
        <LevelField episode={episode} level={wanted.level} onChange={(level) => edit({ level })} />
        {preparing.error && <ErrorNote error={preparing.error} />}
      </div>
    </Dialog>
  );
}

type Texts = Wanted["options"];

function Options({ options, onChange }: { options: Texts; onChange: (options: Texts) => void }) {
  const { t } = useT();
  const put = (place: number, change: Partial<Texts[number]>) =>
    onChange(options.map((one, index) => (index === place ? { ...one, ...change } : one)));
  return (
    <>
      {options.map((option, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an option is its place
        <div key={place} className={css.row}>
          <TextField
            label={t("ballots.option_zh", { number: place + 1 })}
            rows={1}
            maxLength={300}
            value={option.zh}
            onChange={(event) => put(place, { zh: event.target.value })}
          />
          <TextField
            label={t("ballots.option_en", { number: place + 1 })}
            rows={1}
            maxLength={300}
            value={option.en}
            onChange={(event) => put(place, { en: event.target.value })}
          />
        </div>
      ))}
      {options.length < 20 && (
        <SmallButton wide onClick={() => onChange([...options, EMPTY])}>
          {t("ballots.add_option")}
        </SmallButton>
      )}
    </>
  );
}
