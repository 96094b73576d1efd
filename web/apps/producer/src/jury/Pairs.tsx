import { api, type PracticePair } from "@gavel/api";
import { SelectField, SmallButton, TextField } from "@gavel/desk";
import { Button, Card, ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useT } from "../i18n";
import css from "./Jury.module.css";
import { JUDGING, usePairs } from "./queries";

const GOLD = ["left", "right", "tie", "both_bad"] as const;
const EMPTY = { prompt: "", left: "", right: "", gold: "", why: "", times: "1" };

/** Pairs for the judges' practice: a better answer that is known, or the same pair twice. */
export function Pairs() {
  const { t } = useT();
  const { data, error } = usePairs();
  return (
    <section className={css.section} aria-labelledby="jury-pairs">
      <h2 id="jury-pairs">{t("jury.pairs")}</h2>
      <p className={css.mute}>{t("jury.pairs_text")}</p>
      {error && <ErrorNote error={error} />}
      {data?.map((pair) => (
        <Pair key={pair.id} pair={pair} />
      ))}
      <NewPair />
    </section>
  );
}

function Pair({ pair }: { pair: PracticePair }) {
  const { t } = useT();
  const queries = useQueryClient();
  const retire = useMutation({
    mutationFn: () => api.delete("/api/judging/calibration/{item_id}", { params: { path: { item_id: pair.id } } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: JUDGING }),
  });
  return (
    <Card className={css.pair}>
      <h3>{pair.prompt}</h3>
      <p>
        {t(pair.gold ? `choice.${pair.gold}` : "jury.gold_none")} · {t("jury.times", { count: pair.times })} ·{" "}
        {t("jury.answered", { count: pair.answered })}
      </p>
      <SmallButton disabled={retire.isPending} onClick={() => retire.mutate()}>
        {t("jury.retire")}
      </SmallButton>
      {retire.error && <ErrorNote error={retire.error} />}
    </Card>
  );
}

function NewPair() {
  const { t } = useT();
  const queries = useQueryClient();
  const [draft, setDraft] = useState(EMPTY);
  const make = useMutation({
    mutationFn: ({ gold, times, ...texts }: typeof EMPTY) =>
      api.post("/api/judging/calibration", {
        body: {
          ...texts,
          gold: GOLD.find((one) => one === gold) ?? null,
          times: times === "2" ? 2 : 1,
        },
      }),
    onSuccess: () => {
      setDraft(EMPTY);
      return queries.invalidateQueries({ queryKey: JUDGING });
    },
  });
  const write = (change: Partial<typeof EMPTY>) => setDraft({ ...draft, ...change });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(draft);
  };
  const whole = [draft.prompt, draft.left, draft.right].every((text) => text.trim() !== "");
  // Without a known better answer only a repeat measures something.
  const measures = draft.gold !== "" || draft.times === "2";
  return (
    <Card>
      <form className={css.form} onSubmit={submit}>
        <h3>{t("jury.new_pair")}</h3>
        {(["prompt", "left", "right"] as const).map((field) => (
          <TextField
            key={field}
            label={t(`jury.field.${field}`)}
            rows={field === "prompt" ? 2 : 4}
            maxLength={4000}
            value={draft[field]}
            onChange={(event) => write({ [field]: event.target.value })}
          />
        ))}
        <SelectField label={t("jury.field.gold")} value={draft.gold} onChange={(e) => write({ gold: e.target.value })}>
          <option value="">{t("jury.gold_none")}</option>
          {GOLD.map((one) => (
            <option key={one} value={one}>
              {t(`choice.${one}`)}
            </option>
          ))}
        </SelectField>
        <SelectField
          label={t("jury.field.times")}
          value={draft.times}
          error={whole && !measures ? t("jury.measures_nothing") : undefined}
          onChange={(event) => write({ times: event.target.value })}
        >
          {["1", "2"].map((one) => (
            <option key={one} value={one}>
              {t("jury.times", { count: Number(one) })}
            </option>
          ))}
        </SelectField>
        <TextField
          label={t("jury.field.why")}
          rows={2}
          maxLength={500}
          value={draft.why}
          onChange={(event) => write({ why: event.target.value })}
        />
        <Button type="submit" disabled={!whole || !measures || make.isPending}>
          {t("jury.add")}
        </Button>
        {make.error && <ErrorNote error={make.error} />}
      </form>
    </Card>
  );
}
