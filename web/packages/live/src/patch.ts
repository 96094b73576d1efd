/** The patch algebra of a live channel: a merge, then appends to growing texts. The server's half is arena/live/patches.py. */

export interface Append {
  path: (string | number)[];
  /** Where the text starts, in Unicode code points (as Python counts), not UTF-16 units. */
  pos: number;
  text: string;
}

export interface Patch {
  set?: unknown;
  append?: Append[];
}

type Dict = Record<string, unknown>;

function isDict(value: unknown): value is Dict {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Objects merge key by key, everything else replaces. Unlike RFC 7396, null is a value: a state's keys are fixed and
 * "there is no duel" is said with null. Never changes its arguments.
 */
export function merge(target: unknown, patch: unknown): unknown {
  if (!isDict(patch)) return patch;
  const result: Dict = isDict(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    result[key] = merge(result[key], value);
  }
  return result;
}

const SURROGATE = /[\ud800-\udfff]/;

/** The first `count` code points of `text`, or null when it has fewer. */
export function codePoints(text: string, count: number): string | null {
  if (!SURROGATE.test(text)) return count <= text.length ? text.slice(0, count) : null;
  let units = 0;
  for (let seen = 0; seen < count; seen += 1) {
    if (units >= text.length) return null;
    units += (text.codePointAt(units) as number) > 0xffff ? 2 : 1;
  }
  return text.slice(0, units);
}

function appendAt(state: unknown, path: (string | number)[], pos: number, text: string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) {
    const head = typeof state === "string" ? codePoints(state, pos) : null;
    return head === null ? undefined : head + text;
  }
  if (typeof state !== "object" || state === null) return undefined;
  const inner = appendAt((state as Dict)[key], rest, pos, text);
  if (inner === undefined) return undefined;
  if (Array.isArray(state)) return state.map((value, index) => (index === Number(key) ? inner : value));
  return { ...state, [key]: inner };
}

/**
 * The state after a patch, or undefined when the patch does not fit (an append to a text that is
 * missing or too short): the caller then asks for a fresh snapshot. Parts that did not change
 * keep their identity, so React skips them.
 */
export function applyPatch(state: unknown, patch: Patch): unknown {
  let next = patch.set === undefined ? state : merge(state, patch.set);
  for (const { path, pos, text } of patch.append ?? []) {
    next = appendAt(next, path, pos, text);
    if (next === undefined) return undefined;
  }
  return next;
}
