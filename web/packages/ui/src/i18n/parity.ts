/** Checks that two catalogs say the same things: same keys, same `{{placeholders}}`. */

type Catalog = { [key: string]: string | Catalog };

const PLURAL = /_(zero|one|two|few|many|other)$/;

function leaves(catalog: Catalog, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(catalog)) {
    const path = prefix + key;
    if (typeof value !== "string") for (const [inner, text] of leaves(value, `${path}.`)) found.set(inner, text);
    // Chinese has one plural form: `x_one` and `x_other` are the one key `x`.
    else if (!found.has(path.replace(PLURAL, "")) || path.endsWith("_other"))
      found.set(path.replace(PLURAL, ""), value);
  }
  return found;
}

function placeholders(text: string): string {
  return [...new Set(text.match(/\{\{[^}]+\}\}/g) ?? [])].sort().join(" ");
}

/** One line for each difference; empty when the catalogs match. */
export function differences(zh: Catalog, en: Catalog): string[] {
  const [a, b] = [leaves(zh), leaves(en)];
  const found: string[] = [];
  for (const [key, text] of a) {
    const other = b.get(key);
    if (other === undefined) found.push(`en lacks ${key}`);
    else if (placeholders(text) !== placeholders(other)) found.push(`placeholders differ: ${key}`);
    if (text.trim() === "" || other?.trim() === "") found.push(`empty: ${key}`);
  }
  for (const key of b.keys()) if (!a.has(key)) found.push(`zh lacks ${key}`);
  return found;
}
