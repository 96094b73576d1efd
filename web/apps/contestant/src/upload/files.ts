/** Which of the dropped files are the two that count, and what can be said of them before sending. Pure. */

export interface Chosen {
  config: File | null;
  weights: File | null;
  /** Names of files that are not needed. */
  ignored: string[];
  /** Somebody chose a pickle. */
  pickle: boolean;
}

export const NOTHING: Chosen = { config: null, weights: null, ignored: [], pickle: false };
export const CONFIG = "adapter_config.json";
export const WEIGHTS = "adapter_model.safetensors";
/** The portal's limit for adapter_config.json. */
export const MAX_CONFIG_BYTES = 64 << 10;

const PICKLE = /\.(bin|pt|pth|ckpt|pkl)$/i;

function best(files: File[], name: string, ending: string): File | null {
  return files.find((file) => file.name === name) ?? files.find((file) => file.name.endsWith(ending)) ?? null;
}

/** New files onto what was chosen before: a new one takes the place of the old. */
export function choose(before: Chosen, files: File[]): Chosen {
  const config = best(files, CONFIG, ".json");
  const weights = best(files, WEIGHTS, ".safetensors");
  const rest = files.filter((file) => file !== config && file !== weights);
  return {
    config: config ?? before.config,
    weights: weights ?? before.weights,
    ignored: rest.map((file) => file.name),
    pickle: weights === null && rest.some((file) => PICKLE.test(file.name)),
  };
}

export type Problem =
  | { code: "too_large"; size: number; limit: number }
  | { code: "other_size"; expected: number }
  | { code: "empty" };

/** Why a file need not even be sent. `expected`: the size of the file that an unfinished upload goes on with. */
export function problemOf(file: File | null, limit: number, expected?: number): Problem | null {
  if (file === null) return null;
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
