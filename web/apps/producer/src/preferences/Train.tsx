import { api, type PreferenceSet } from "@gavel/api";
import { Confirm, SelectField } from "@gavel/desk";
import { Button, useEntryName } from "@gavel/ui";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useT } from "../i18n";
import css from "./Preferences.module.css";

/** Where a LoRA usually learns preferences without falling over. */
const NUMBERS = { learning_rate: 5e-5, beta: 0.1, seed: 0 };

interface TrainProps {
  set: PreferenceSet;
  onDone: (what: string) => void;
}

/** Train one adapter further on the set. What comes of it is the candidate's next version, beside its parent. */
export function Train({ set, onDone }: TrainProps) {
  const { t } = useT();
  const nameOf = useEntryName();
  const roster = useQuery({ queryKey: ["roster"], queryFn: () => api.get("/api/roster") });
  const [chosen, choose] = useState("");
  const [asking, ask] = useState(false);
  const able = (roster.data ?? []).filter((row) => row.ready && row.submission_id);
  const parent = able.find((row) => row.submission_id === chosen) ?? able[0];
  const train = useMutation({
    mutationFn: () =>
      api.post("/api/preference-sets/{set_id}/training", {
        params: { path: { set_id: set.id } },
        body: { parent: parent?.submission_id ?? "", ...NUMBERS },
      }),
    onSuccess: () => {
      ask(false);
      onDone(t("preferences.trained", { name: parent ? nameOf(parent) : "" }));
    },
  });
  if (set.version.state !== "verified" && set.version.state !== "refused") return null;
  return (
    <div className={css.train}>
      <SelectField
        label={t("preferences.parent")}
        value={parent?.submission_id ?? ""}
        onChange={(event) => choose(event.target.value)}
      >
        {able.map((row) => (
          <option key={row.entry_id} value={row.submission_id ?? ""}>
            {t("preferences.version", { name: nameOf(row), version: row.version ?? 0 })}
          </option>
        ))}
      </SelectField>
      <Button onClick={() => ask(true)} disabled={!parent}>
        {t("preferences.train")}
      </Button>
      {asking && parent && (
        <Confirm
          title={t("preferences.train_title", { name: nameOf(parent) })}
          action={t("preferences.train")}
          tone="gold"
          busy={train.isPending}
          error={train.error}
          onConfirm={() => train.mutate()}
          onClose={() => {
            ask(false);
            train.reset();
          }}
        >
          {t("preferences.train_text", { count: set.rows, name: nameOf(parent) })}
        </Confirm>
      )}
    </div>
  );
}
