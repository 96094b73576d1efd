/** Small things this device keeps; a private window may refuse, then they last as long as the page. */

const memory = new Map<string, string>();

export function forget(key: string): void {
  memory.delete(key);
  try {
    localStorage.removeItem(`gavel.${key}`);
  } catch {
    // It was never there.
  }
}

export function remember(key: string, value: unknown): void {
  const text = JSON.stringify(value);
  memory.set(key, text);
  try {
    localStorage.setItem(`gavel.${key}`, text);
  } catch {
    // The memory above has it.
  }
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(`gavel.${key}`);
  } catch {
    return null;
  }
}

export function recall<T>(key: string): T | null {
  const text = read(key) ?? memory.get(key);
  return text === undefined ? null : (JSON.parse(text) as T);
}
