import { api, type Submission } from "@gavel/api";
import { SelectField, TextField } from "@gavel/desk";
import { Button, ErrorNote } from "@gavel/ui";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import { useT } from "../i18n";
import css from "./Practice.module.css";
import { lengthOf, useLookAgain } from "./practice";

interface AskProps {
  entry: string;
  /** Ready, the competing one first. */
  versions: Submission[];
  limit: number;
  /** The last prompt has not been answered yet. */
  busy: boolean;
}

/** One prompt for both. What could not be sent stays in the box. */
export function Ask({ entry, versions, limit, busy }: AskProps) {
  const { t } = useT();
  const lookAgain = useLookAgain(entry);
  const [prompt, setPrompt] = useState("");
  const [chosen, choose] = useState<string | null>(null);
  const version = versions.find((one) => one.id === chosen) ?? (versions[0] as Submission);
  const ask = useMutation({
    mutationFn: () =>
      api.post("/api/submissions/{submission_id}/practice", {
        params: { path: { submission_id: version.id } },
        body: { prompt: prompt.trim() },
      }),
    onSuccess: () => setPrompt(""),
    onSettled: lookAgain,
  });
  const length = lengthOf(prompt);
  const long = length > limit;
  const ready = length > 0 && !long && !busy && !ask.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) ask.mutate();
  };
  const send = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  };
  return (
    <form className={css.ask} onSubmit={submit}>
      <TextField
        className={css.prompt}
        label={t("practice.prompt")}
        hint={t("practice.prompt_hint", { length, limit })}
        error={long ? t("error.prompt.too_long", { length, limit }) : undefined}
        rows={3}
        value={prompt}
        onChange={(event) => setPrompt(event.target.value)}
        onKeyDown={send}
      />
      {versions.length > 1 && (
        <SelectField label={t("practice.version")} value={version.id} onChange={(event) => choose(event.target.value)}>
          {versions.map((one) => (
            <option key={one.id} value={one.id}>
              {t("entries.version", { n: one.version })}
            </option>
          ))}
        </SelectField>
      )}
      <Button type="submit" tone="gold" disabled={!ready}>
        {t(busy ? "practice.busy" : "practice.ask")}
      </Button>
      {ask.error && <ErrorNote className={css.wide} error={ask.error} />}
    </form>
  );
}
