import type { Season, Submission } from "@gavel/api";

/** Which of the chosen files make up an entry of a kind, and what can be said of them before sending. Pure. */

export type Kind = Submission["artifact"];

/** A version's files, by the names that the portal takes them under, whatever they are called on this device. */
export type Files = Record<string, File>;

export interface Chosen {
  files: Files;
  /** Names of files that are not needed. */
  ignored: string[];
  /** Somebody chose a pickle. */
  pickle: boolean;
}

export const NOTHING: Chosen = { files: {}, ignored: [], pickle: false };
export const CONFIG = "adapter_config.json";
export const WEIGHTS = "adapter_model.safetensors";
export const PROMPT = "prompt.txt";
const JSONL = "data.jsonl";
const PARQUET = "data.parquet";
const MODEL_CONFIG = "config.json";
const MODEL_WEIGHTS = "model.safetensors";
const MODEL_INDEX = "model.safetensors.index.json";
/** The portal's limits for small files. */
export const MAX_CONFIG_BYTES = 64 << 10;
const MAX_INDEX_BYTES = 2 << 20;
export const MAX_PROMPT_BYTES = 16 << 10;
const MAX_SHARDS = 60;

const PICKLE = /\.(bin|pt|pth|ckpt|pkl)$/i;
const SHARD = /^model-\d{5}-of-(\d{5})\.safetensors$/;

/** What a picker offers, by kind. */
export const ACCEPT: Record<Kind, string> = {
  adapter: ".json,.safetensors",
  dataset: ".jsonl,.parquet",
  prompt: ".txt,.md",
  model: ".json,.safetensors",
};

export function isShard(name: string): boolean {
  return SHARD.test(name);
}

/** The names of the files that a version consists of. Where a kind has several forms, what is chosen decides. */
export function namesOf(kind: Kind, chosen: Files): string[] {
  if (kind === "adapter") return [CONFIG, WEIGHTS];
  if (kind === "dataset") return [PARQUET in chosen ? PARQUET : JSONL];
  if (kind === "prompt") return [PROMPT];
  const counts = Object.keys(chosen).map((name) => Number(SHARD.exec(name)?.[1] ?? 0));
  const shards = Math.min(MAX_SHARDS, Math.max(0, ...counts));
  if (shards === 0 && !(MODEL_INDEX in chosen)) return [MODEL_CONFIG, MODEL_WEIGHTS];
  const five = (number: number) => String(number).padStart(5, "0");
  const names = Array.from(
    { length: Math.max(1, shards) },
    (_, place) => `model-${five(place + 1)}-of-${five(Math.max(1, shards))}.safetensors`,
  );
  return [MODEL_CONFIG, MODEL_INDEX, ...names];
}

/** Bytes; of shards all together. */
export function limitOf(name: string, track: Season["track"]): number {
  if (name === CONFIG || name === MODEL_CONFIG) return MAX_CONFIG_BYTES;
  if (name === WEIGHTS) return track.max_bytes;
  if (name === PROMPT) return MAX_PROMPT_BYTES;
  if (name === MODEL_INDEX) return MAX_INDEX_BYTES;
  return name === JSONL || name === PARQUET ? track.max_dataset_bytes : track.max_model_bytes;
}

function named(files: File[], name: string): File | undefined {
  return files.find((file) => file.name === name);
}

function ending(files: File[], end: string): File | undefined {
  return files.find((file) => file.name.toLowerCase().endsWith(end));
}

/** The files that are of use, under the portal's names. */
function recognised(kind: Kind, files: File[]): Files {
  const found: Record<string, File | undefined> = {};
  if (kind === "adapter") {
    found[CONFIG] = named(files, CONFIG) ?? ending(files, ".json");
    found[WEIGHTS] = named(files, WEIGHTS) ?? ending(files, ".safetensors");
  } else if (kind === "dataset") {
    const parquet = ending(files, ".parquet");
    const jsonl = named(files, JSONL) ?? ending(files, ".jsonl");
    if (jsonl) found[JSONL] = jsonl;
    else found[PARQUET] = parquet;
  } else if (kind === "model") {
    const shards = files.filter((file) => isShard(file.name));
    const config = (file: File) => file.name.endsWith(".json") && !file.name.endsWith(".index.json");
    found[MODEL_CONFIG] = named(files, MODEL_CONFIG) ?? (files.length === 1 ? files.find(config) : undefined);
    found[MODEL_INDEX] = named(files, MODEL_INDEX);
    for (const shard of shards) found[shard.name] = shard;
    if (shards.length === 0) found[MODEL_WEIGHTS] = named(files, MODEL_WEIGHTS) ?? ending(files, ".safetensors");
  }
  return Object.fromEntries(Object.entries(found).filter((pair): pair is [string, File] => pair[1] !== undefined));
}

/** New files onto what was chosen before: a new one takes the place of the old, a new form that of the old form. */
export function choose(kind: Kind, before: Chosen, files: File[]): Chosen {
  const found = recognised(kind, files);
  const all = { ...before.files, ...found };
  const decides = Object.keys(found).some((name) => !name.endsWith(".json"));
  const names = new Set(namesOf(kind, decides ? found : all));
  const used = new Set(Object.values(found));
  const rest = files.filter((file) => !used.has(file));
  return {
    files: Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name))),
    ignored: rest.map((file) => file.name),
    pickle: !decides && rest.some((file) => PICKLE.test(file.name)),
  };
}

/** Without one file. */
export function without(chosen: Chosen, name: string): Chosen {
  return { ...chosen, files: Object.fromEntries(Object.entries(chosen.files).filter(([other]) => other !== name)) };
}

export type Problem =
  | { code: "too_large"; size: number; limit: number }
  | { code: "other_size"; expected: number }
  | { code: "empty" };

/** Why a file need not even be sent. `expected`: the size of the file that an unfinished upload goes on with. */
export function problemOf(file: File | undefined, limit: number, expected?: number): Problem | null {
  if (file === undefined) return null;
  if (file.size === 0) return { code: "empty" };
  if (expected !== undefined && file.size !== expected) return { code: "other_size", expected };
  return file.size > limit ? { code: "too_large", size: file.size, limit } : null;
}

export type Glance = { rank: number | null } | "not_json" | "unreadable";

/** The rank that adapter_config.json declares, for a word before the upload; the portal decides. */
export function glance(text: string): Exclude<Glance, "unreadable"> {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config !== "object" || config === null || Array.isArray(config)) return "not_json";
    const rank = (config as { r?: unknown }).r;
    return { rank: typeof rank === "number" && Number.isInteger(rank) ? rank : null };
  } catch {
    return "not_json";
  }
}

async function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    // Browsers hand out a hundred at a time; an empty batch is the end.
    const batch = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (batch.length === 0) return found;
    found.push(...batch);
  }
}

async function filesUnder(entry: FileSystemEntry, depth: number): Promise<File[]> {
  if (entry.isFile) return [await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail))];
  if (!entry.isDirectory || depth === 0) return [];
  const inside = await entriesIn(entry as FileSystemDirectoryEntry);
  return (await Promise.all(inside.map((one) => filesUnder(one, depth - 1)))).flat();
}

/** The files of a drop; folders are opened one level deep. Rejects when one of them cannot be read. */
export async function dropped(data: DataTransfer): Promise<File[]> {
  const entries = Array.from(data.items, (item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.some((entry) => entry === null)) return [...data.files];
  return (await Promise.all(entries.map((entry) => filesUnder(entry as FileSystemEntry, 1)))).flat();
}
