import { api, type RosterRow, type SpeedRun } from "@gavel/api";
import { SelectField } from "@gavel/desk";
import { Button, ErrorNote, useEntryName } from "@gavel/ui";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { speedKey, useSuites } from "../app/queries";
import { useT } from "../i18n";
import css from "./Speed.module.css";

const KINDS: SpeedRun["kind"][] = ["duel", "quiz"];

/** Which two, and whether at a fixed length or with ten questions. */
export function Start({ episode }: { episode: string }) {
  const { t } = useT();
  const queries = useQueryClient();
  const roster = useQuery({ queryKey: ["roster"], queryFn: () => api.get("/api/roster") });
  const [kind, setKind] = useState<SpeedRun["kind"]>("duel");
  const [a, setA] = useState("");
  const [b, setB] = useState("");
  const [suite, setSuite] = useState("");
  const start = useMutation({
    mutationFn: () =>
      api.post("/api/episodes/{episode_id}/speed", {
        params: { path: { episode_id: episode } },
        body: { kind, entry_a: a, entry_b: b, suite: kind === "quiz" && suite !== "" ? suite : null },
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: speedKey(episode) }),
  });
  const chosen = a !== "" && b !== "" && a !== b;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (chosen) start.mutate();
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <SelectField
        label={t("speed.kind")}
        value={kind}
        onChange={(event) => setKind(event.target.value as SpeedRun["kind"])}
      >
        {KINDS.map((one) => (
          <option key={one} value={one}>
            {t(`speed.kinds.${one}`)}
          </option>
        ))}
      </SelectField>
      <Pick label={t("speed.a")} roster={roster.data} value={a} other={b} set={setA} />
      <Pick label={t("speed.b")} roster={roster.data} value={b} other={a} set={setB} />
      {kind === "quiz" && <Bank value={suite} set={setSuite} />}
      <Button tone="gold" type="submit" disabled={!chosen || start.isPending}>
        {t("speed.start")}
      </Button>
      {!chosen && <p className={css.mute}>{t("speed.why")}</p>}
      {(start.error ?? roster.error) && <ErrorNote className={css.whole} error={start.error ?? roster.error} />}
    </form>
  );
}

/** Where the questions of a quiz come from. */
function Bank({ value, set }: { value: string; set: (id: string) => void }) {
  const { t, language } = useT();
  const suites = useSuites();
  return (
    <SelectField label={t("speed.bank")} value={value} onChange={(event) => set(event.target.value)}>
      <option value="">{t("speed.bank_season")}</option>
      {suites.data?.map((one) => (
        <option key={one.id} value={one.id}>
          {one.name[language] ?? one.name.en ?? one.id}
        </option>
      ))}
      <option value="surprise">{t("speed.bank_surprise")}</option>
    </SelectField>
  );
}

interface PickProps {
  label: string;
  roster: RosterRow[] | undefined;
  value: string;
  other: string;
  set: (id: string) => void;
}

function Pick({ label, roster = [], value, other, set }: PickProps) {
  const { t } = useT();
  const nameOf = useEntryName();
  return (
    <SelectField label={label} value={value} onChange={(event) => set(event.target.value)}>
      <option value="">{t("speed.choose")}</option>
      {roster.map((row) => (
        <option key={row.entry_id} value={row.entry_id} disabled={!row.ready || row.entry_id === other}>
          {row.ready ? nameOf(row) : t("speed.not_ready", { name: nameOf(row) })}
        </option>
      ))}
    </SelectField>
  );
}
