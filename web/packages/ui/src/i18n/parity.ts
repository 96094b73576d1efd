/** Checks that two catalogs say the same things: same keys, same `{{placeholders}}`, and English with its singular. */

type Catalog = { [key: string]: string | Catalog };

const PLURAL = /_(zero|one|two|few|many|other)$/;

function leaves(catalog: Catalog, prefix = ""): [key: string, text: string][] {
  return Object.entries(catalog).flatMap(([key, value]) =>
    typeof value === "string" ? [[prefix + key, value] as [string, string]] : leaves(value, `${prefix + key}.`),
  );
}

/** Chinese has one plural form: `x_one` and `x_other` are the one key `x`. */
function texts(catalog: Catalog): Map<string, string> {
  const found = new Map<string, string>();
  for (const [path, text] of leaves(catalog)) {
    const key = path.replace(PLURAL, "");
    if (!found.has(key) || path.endsWith("_other")) found.set(key, text);
  }
  return found;
}

function placeholders(text: string): string {
  return [...new Set(text.match(/\{\{[^}]+\}\}/g) ?? [])].sort().join(" ");
}

/** One line for each difference; empty when the catalogs match. */
export function differences(zh: Catalog, en: Catalog): string[] {
  const [a, b] = [texts(zh), texts(en)];
  const found: string[] = [];
  for (const [key, text] of a) {
    const other = b.get(key);
    if (other === undefined) found.push(`en lacks ${key}`);
    else if (placeholders(text) !== placeholders(other)) found.push(`placeholders differ: ${key}`);
    if (text.trim() === "" || other?.trim() === "") found.push(`empty: ${key}`);
  }
  for (const key of b.keys()) if (!a.has(key)) found.push(`zh lacks ${key}`);
  const english = new Set(leaves(en).map(([key]) => key));
  for (const key of english) {
    const one = key.replace(/_other$/, "_one");
    if (!english.has(one)) found.push(`en lacks ${one}`);
  }
  return found;
}
