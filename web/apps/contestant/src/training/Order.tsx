import { ApiError, api, type Submission, type TrainingOptions, type TrainingSpec } from "@gavel/api";
import { clockTime, SelectField, useTimes } from "@gavel/desk";
import { Button, ErrorNote, Link, navigate } from "@gavel/ui";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Choice } from "../app/Choice";
import { useT } from "../i18n";
import { Advanced } from "./Advanced";
import { estimateOf } from "./estimate";
import type { SpecKey } from "./figures";
import { boundsOf, type Draft, draftOf, fieldOf, specOf, type Wrong, wrongs } from "./form";
import { TRAINING } from "./runs";
import css from "./Training.module.css";

type Recipe = TrainingOptions["recipes"][number];
type Preset = Recipe["presets"][number];

interface OrderProps {
  dataset: Submission;
  options: TrainingOptions;
}

/** What to train with a data set: a preset, or all numbers by hand; what it will take; go. */
export function Order({ dataset, options }: OrderProps) {
  const { t, find } = useT();
  const queries = useQueryClient();
  const [first] = options.recipes;
  const [recipe, setRecipe] = useState(first);
  const [draft, setDraft] = useState<Draft | null>(() => proposed(first, "balanced"));
  const [parent, setParent] = useState("");
  const [open, setOpen] = useState(false);
  const order = useMutation({
    mutationFn: (spec: TrainingSpec) =>
      api.post("/api/training/runs", {
        body: { entry_id: dataset.entry_id, dataset: dataset.id, spec, parent: parent || null },
      }),
    onSuccess: (run) => navigate(`/training/${run.id}`),
    onError: (error) => setOpen((before) => before || fieldOf(error) !== null),
    onSettled: () => queries.invalidateQueries({ queryKey: TRAINING }),
  });
  const bounds = boundsOf(options);
  const found = draft ? wrongs(draft, bounds) : {};
  const wrong = useSentences(found, order.error);
  if (!recipe || !draft) return <p className={css.note}>{t("training.no_recipe")}</p>;
  const change = (next: Draft | null) => {
    setDraft(next);
    // What the portal said was about other settings.
    order.reset();
  };
  const preset = recipe.presets.find((one) => same(one, draft));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (Object.keys(found).length === 0) order.mutate(specOf(draft));
    else setOpen(true);
  };
  // A run that goes on with an adapter has its form.
  const pickParent = (id: string) => {
    const { method, rank, alpha, target_modules } = options.parents.find((one) => one.submission_id === id) ?? draft;
    setParent(id);
    change({ ...draft, method, rank: String(rank), alpha: String(alpha), target_modules });
  };
  const pickRecipe = (id: string) => {
    const next = options.recipes.find((one) => one.id === id);
    setRecipe(next);
    setParent("");
    change(proposed(next, preset?.id ?? "balanced"));
  };
  return (
    <form className={css.order} onSubmit={submit} noValidate>
      {options.recipes.length > 1 && (
        <Choice
          legend={t("training.recipe")}
          options={options.recipes.map(({ id }) => ({
            id,
            name: t(`training.recipes.${id}`),
            text: t(`training.recipe_text.${id}`),
          }))}
          value={recipe.id}
          pick={pickRecipe}
        />
      )}
      <Choice
        legend={t("training.preset")}
        options={recipe.presets.map((one) => ({
          id: one.id,
          name: t(`training.presets.${one.id}`),
          text: <PresetText preset={one} />,
        }))}
        value={preset?.id ?? null}
        pick={(id) => {
          setParent("");
          change(proposed(recipe, id));
        }}
      />
      <details className={css.fold} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          {t("training.advanced")}
          {!preset && ` · ${t("training.own")}`}
        </summary>
        {open && <Advanced {...{ draft, options, bounds, wrong }} fixed={parent !== ""} change={change} />}
        {open && options.parents.length > 0 && (
          <SelectField
            className={css.parent}
            label={t("training.parent")}
            hint={t("training.parent_hint")}
            value={parent}
            onChange={(event) => pickParent(event.target.value)}
          >
            <option value="">{t("training.parent_base")}</option>
            {options.parents.map((one) => (
              <option key={one.submission_id} value={one.submission_id}>
                {t("training.parent_of", { entry: one.entry, n: one.version })}
              </option>
            ))}
          </SelectField>
        )}
        {open &&
          options.unusable_parents.map((one) => (
            <p key={one.submission_id} className={css.note}>
              {t("training.parent_unusable", {
                entry: one.entry,
                n: one.version,
                why: find(`error.${one.code}`) ?? one.reason,
              })}
            </p>
          ))}
      </details>
      {order.error && fieldOf(order.error) === null && <ErrorNote error={order.error} />}
      {Object.keys(wrong).length > 0 && <p className={css.error}>{t("training.wrong_form")}</p>}
      <footer className={css.foot}>
        <Estimate draft={draft} options={options} pace={recipe.tokens_per_second} />
        <Button tone="gold" type="submit" disabled={order.isPending || closed(options)}>
          {t(order.isPending ? "training.starting" : "training.start")}
        </Button>
      </footer>
      <Limits options={options} />
    </form>
  );
}

const closed = ({ runs_left, under_way }: TrainingOptions) => runs_left === 0 || under_way !== null;

function proposed(recipe: Recipe | undefined, id: Preset["id"]): Draft | null {
  const preset = recipe?.presets.find((one) => one.id === id) ?? recipe?.presets[0];
  return preset ? draftOf(preset.spec) : null;
}

function same({ spec }: Preset, draft: Draft): boolean {
  return JSON.stringify(draftOf(spec)) === JSON.stringify(draft);
}

function PresetText({ preset }: { preset: Preset }) {
  const { t, number } = useT();
  const { spec, estimate } = preset;
  return (
    <>
      {t(`training.preset_text.${preset.id}`)}
      <br />
      {t("training.preset_facts", {
        rank: spec.rank,
        rows: spec.batch_size,
        passes: number(estimate.passes, { maximumSignificantDigits: 2 }),
      })}
    </>
  );
}

/** What it takes: tokens are what it costs, the time is known as soon as somebody has trained. */
function Estimate({ draft, options, pace }: { draft: Draft; options: TrainingOptions; pace: number | null }) {
  const { t, number } = useT();
  const { batch_size } = specOf(draft);
  if (!(batch_size >= 1)) return <p className={css.note} />;
  const { steps, tokens, passes, seconds } = estimateOf({ batch_size }, options, pace);
  return (
    <p className={css.estimate} aria-live="polite">
      <span>{t("training.estimate")}</span>
      <b>{t("training.estimate_tokens", { n: number(tokens, { maximumSignificantDigits: 3 }) })}</b>
      {seconds !== null && <b>{t("training.estimate_time", { time: clockTime(seconds) })}</b>}
      <small>
        {t("training.estimate_steps", {
          steps: number(steps),
          passes: number(passes, { maximumSignificantDigits: 2 }),
        })}
        {seconds === null && ` ${t("training.estimate_none")}`}
      </small>
    </p>
  );
}

/** How often one may train, and why not now. */
function Limits({ options }: { options: TrainingOptions }) {
  const { t } = useT();
  const { moment } = useTimes();
  if (options.under_way !== null) {
    return (
      <p className={css.note}>
        {t("training.under_way")} <Link to={`/training/${options.under_way}`}>{t("training.to_under_way")}</Link>
      </p>
    );
  }
  return (
    <p className={css.note}>
      {t(options.runs_left === 0 ? "training.none_left" : "training.left_today", { count: options.runs_left })}
      {options.closes_at && ` ${t("training.until", { time: moment(options.closes_at) })}`}
    </p>
  );
}

/** What is wrong with each setting, in a sentence: what the form sees, and what the portal has refused. */
function useSentences(found: Partial<Record<SpecKey, Wrong>>, error: unknown): Partial<Record<SpecKey, string>> {
  const { t, number, errorText } = useT();
  const said: Partial<Record<SpecKey, string>> = {};
  const field = fieldOf(error);
  if (field !== null)
    said[field] =
      error instanceof ApiError && error.code !== "request.invalid" ? errorText(error) : t("training.wrong.other");
  for (const [key, { code, min, max }] of Object.entries(found) as [SpecKey, Wrong][]) {
    said[key] = t(`training.wrong.${code}`, { min: number(min ?? 0), max: number(max ?? 0) });
  }
  return said;
}
