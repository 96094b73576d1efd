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

export type Problem = { code: "too_large"; size: number; limit: number } | { code: "empty" };

/** Why a file need not even be sent. */
export function problemOf(file: File | null, limit: number): Problem | null {
  if (file === null) return null;
  if (file.size === 0) return { code: "empty" };
  return file.size > limit ? { code: "too_large", size: file.size, limit } : null;
}

export type Glance = { rank: number | null } | "not_json";

/** The rank that adapter_config.json declares, for a word before the upload; the portal decides. */
export function glance(text: string): Glance {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config !== "object" || config === null || Array.isArray(config)) return "not_json";
    const rank = (config as { r?: unknown }).r;
    return { rank: typeof rank === "number" && Number.isInteger(rank) ? rank : null };
  } catch {
    return "not_json";
  }
}

function entriesIn(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => folder.createReader().readEntries(resolve, reject));
}

async function filesUnder(entry: FileSystemEntry, depth: number): Promise<File[]> {
  if (entry.isFile) return [await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail))];
  if (!entry.isDirectory || depth === 0) return [];
  const inside = await entriesIn(entry as FileSystemDirectoryEntry);
  return (await Promise.all(inside.map((one) => filesUnder(one, depth - 1)))).flat();
}

/** The files of a drop; folders are opened one level deep. */
export async function dropped(data: DataTransfer): Promise<File[]> {
  const entries = Array.from(data.items, (item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.some((entry) => entry === null)) return [...data.files];
  return (await Promise.all(entries.map((entry) => filesUnder(entry as FileSystemEntry, 1)))).flat();
}
