import { api, type TrainingOptions, type VersionRef } from "@gavel/api";
import { Field, SelectField, SmallButton } from "@gavel/desk";
import { Button, Card, ErrorNote } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useState } from "react";
import { useT } from "../i18n";
import { TRAINING, useDatasets, useOptions } from "./queries";
import css from "./Training.module.css";

type Recipe = TrainingOptions["recipes"][number];
type Preset = Recipe["presets"][number];

/** What a lane runs: nothing until a data set is chosen. */
interface Lane {
  id: number;
  dataset: VersionRef | null;
  /** As it was proposed for the data set, or chosen. */
  spec: Preset["spec"] | null;
}

const MOST_LANES = 12;
const MINUTES = { min: 0.2, max: 1440 };
const empty = (id: number): Lane => ({ id, dataset: null, spec: null });

/** The seconds that are meant, or null for what is no length of a race. */
export function secondsOf(minutes: string): number | null {
  const value = Number(minutes.trim().replace(",", "."));
  const fits = minutes.trim() !== "" && value >= MINUTES.min && value <= MINUTES.max;
  return fits ? Math.round(60 * value) : null;
}

/** Who races, with which data, for how long. A run is ordered for each at once; they wait for one another at the line. */
export function Plan({ onDone }: { onDone: (what: string) => void }) {
  const { t } = useT();
  const queries = useQueryClient();
  const datasets = useDatasets();
  const [name, setName] = useState("");
  const [minutes, setMinutes] = useState("10");
  const [line, setLine] = useState("10");
  const [lanes, setLanes] = useState<Lane[]>([empty(1), empty(2)]);
  const seconds = secondsOf(minutes);
  const lineSeconds = secondsOf(line);
  const entries = lanes.flatMap(({ dataset, spec }) =>
    dataset && spec ? [{ entry_id: dataset.entry_id, dataset: dataset.submission_id, spec, parent: null }] : [],
  );
  const twice = new Set(entries.map((one) => one.entry_id)).size < entries.length;
  const timed = seconds !== null && lineSeconds !== null;
  const complete = name.trim() !== "" && timed && entries.length === lanes.length && !twice;
  const plan = useMutation({
    mutationFn: () =>
      api.post("/api/training/races", {
        body: { name: name.trim(), seconds: seconds ?? 0, line_seconds: lineSeconds ?? 0, entries },
      }),
    onSuccess: (race) => {
      setName("");
      setLanes([empty(1), empty(2)]);
      onDone(t("training.planned", { name: race.name }));
    },
    onSettled: () => queries.invalidateQueries({ queryKey: TRAINING }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (complete) plan.mutate();
  };
  const change = (lane: Lane) => setLanes((before) => before.map((one) => (one.id === lane.id ? lane : one)));
  const next = Math.max(...lanes.map(({ id }) => id)) + 1;
  return (
    <Card className={css.plan}>
      <h2>{t("training.plan")}</h2>
      {datasets.data?.length === 0 && <p className={css.mute}>{t("training.no_datasets")}</p>}
      <form className={css.form} onSubmit={submit}>
        <Field
          label={t("training.name")}
          hint={t("training.name_hint")}
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Field
          label={t("training.minutes")}
          hint={t("training.minutes_hint")}
          error={seconds === null ? t("training.minutes_wrong") : undefined}
          inputMode="decimal"
          value={minutes}
          onChange={(event) => setMinutes(event.target.value)}
        />
        <Field
          label={t("training.line_minutes")}
          hint={t("training.line_minutes_hint")}
          error={lineSeconds === null ? t("training.minutes_wrong") : undefined}
          inputMode="decimal"
          value={line}
          onChange={(event) => setLine(event.target.value)}
        />
        <ol className={css.lanes}>
          {lanes.map((lane, index) => (
            <li key={lane.id}>
              <LaneFields lane={lane} number={index + 1} datasets={datasets.data ?? []} change={change} />
              {lanes.length > 1 && (
                <SmallButton
                  aria-label={t("training.remove", { n: index + 1 })}
                  onClick={() => setLanes(lanes.filter((one) => one !== lane))}
                >
                  {t("training.remove_short")}
                </SmallButton>
              )}
            </li>
          ))}
        </ol>
        {twice && <p className={css.bad}>{t("training.twice")}</p>}
        {(plan.error ?? datasets.error) && <ErrorNote className={css.whole} error={plan.error ?? datasets.error} />}
        <footer className={css.acts}>
          <SmallButton disabled={lanes.length >= MOST_LANES} onClick={() => setLanes([...lanes, empty(next)])}>
            {t("training.add")}
          </SmallButton>
          <Button tone="gold" type="submit" disabled={!complete || plan.isPending}>
            {t("training.plan_do")}
          </Button>
        </footer>
      </form>
    </Card>
  );
}

interface LaneFieldsProps {
  lane: Lane;
  number: number;
  datasets: VersionRef[];
  change: (lane: Lane) => void;
}

function LaneFields({ lane, number, datasets, change }: LaneFieldsProps) {
  const { t } = useT();
  const { dataset, spec } = lane;
  const options = useOptions(dataset?.submission_id ?? "");
  const recipes = options.data?.recipes ?? [];
  const recipe = recipes.find(({ id }) => id === spec?.recipe) ?? recipes[0];
  const preset = recipe?.presets.find((one) => one.spec === spec);
  const proposed = recipe?.presets.find(({ id }) => id === "balanced") ?? recipe?.presets[0];
  useEffect(() => {
    // What a data set can be trained with comes a moment after it was chosen.
    if (dataset && !spec && proposed) change({ ...lane, spec: proposed.spec });
  }, [dataset, spec, proposed, change, lane]);
  const pick = (from: Recipe | undefined, id: string) =>
    change({ ...lane, spec: from?.presets.find((one) => one.id === id)?.spec ?? spec });
  return (
    <>
      <SelectField
        label={`${t("training.lane", { n: number })} · ${t("training.dataset")}`}
        value={dataset?.submission_id ?? ""}
        onChange={(event) => {
          const chosen = datasets.find((one) => one.submission_id === event.target.value) ?? null;
          change({ ...lane, dataset: chosen, spec: null });
        }}
      >
        <option value="">{t("training.choose")}</option>
        {datasets.map((one) => (
          <option key={one.submission_id} value={one.submission_id}>
            {t("training.dataset_option", { entry: one.entry, version: one.version })}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t("training.recipe")}
        value={recipe?.id ?? ""}
        disabled={recipes.length === 0}
        onChange={(event) =>
          pick(
            recipes.find(({ id }) => id === event.target.value),
            preset?.id ?? "balanced",
          )
        }
      >
        {recipes.map(({ id }) => (
          <option key={id} value={id}>
            {t(`training.recipes.${id}`)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t("training.preset")}
        value={preset?.id ?? ""}
        disabled={recipes.length === 0}
        onChange={(event) => pick(recipe, event.target.value)}
      >
        {recipe?.presets.map(({ id }) => (
          <option key={id} value={id}>
            {t(`training.presets.${id}`)}
          </option>
        ))}
      </SelectField>
      {options.error && <ErrorNote className={css.whole} error={options.error} />}
    </>
  );
}
