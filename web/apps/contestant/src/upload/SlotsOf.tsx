import type { Season } from "@gavel/api";
import { StateMark } from "@gavel/desk";
import { useT } from "../i18n";
import { RankNote, useGlance } from "./ConfigGlance";
import { type Chosen, CONFIG, isShard, type Kind, limitOf, namesOf, type Problem, without } from "./files";
import { Slot } from "./Slots";
import css from "./Upload.module.css";

const TITLES: Record<string, "config" | "weights" | "data" | "index"> = {
  [CONFIG]: "config",
  "adapter_model.safetensors": "weights",
  "data.jsonl": "data",
  "data.parquet": "data",
  "config.json": "config",
  "model.safetensors": "weights",
  "model.safetensors.index.json": "index",
};

interface SlotsProps {
  kind: Kind;
  chosen: Chosen;
  /** By file name. */
  problems: Record<string, Problem>;
  season: Season;
  change: (chosen: Chosen) => void;
}

/** A slot for each file of the kind; the shards of a model share one line. */
export function Slots({ kind, chosen, problems, season, change }: SlotsProps) {
  const { t } = useT();
  const config = useGlance(chosen.files[CONFIG]);
  const names = namesOf(kind, chosen.files);
  const shards = names.filter(isShard);
  return (
    <>
      {names
        .filter((name) => !isShard(name))
        .map((name) => (
          <Slot
            key={name}
            kind={t(`upload.${TITLES[name] ?? "weights"}`)}
            name={kind === "dataset" ? t("upload.data_names") : name}
            limit={limitOf(name, season.track)}
            file={chosen.files[name]}
            problem={problems[name] ?? null}
            doubtful={name === CONFIG && (typeof config === "string" || (config?.rank ?? 0) > season.track.max_rank)}
            remove={() => change(without(chosen, name))}
          >
            {name === CONFIG && <RankNote config={config} max={season.track.max_rank} />}
          </Slot>
        ))}
      {shards.length > 0 && <Shards names={shards} chosen={chosen} problems={problems} />}
    </>
  );
}

function Shards({ names, chosen, problems }: { names: string[]; chosen: Chosen; problems: Record<string, Problem> }) {
  const { t } = useT();
  const there = names.filter((name) => chosen.files[name]).length;
  const bad = names.some((name) => problems[name]);
  const tone = bad ? "bad" : there === names.length ? "good" : "calm";
  return (
    <section className={css.slot} data-chosen={there > 0}>
      <StateMark tone={tone} size={20} />
      <div>
        <h3>
          {t("upload.shards")} <code>{names[0]}</code>
        </h3>
        <p className={bad ? css.bad : css.note}>
          {bad ? t("upload.shards_bad") : t("upload.shards_there", { there, all: names.length })}
        </p>
      </div>
    </section>
  );
}
