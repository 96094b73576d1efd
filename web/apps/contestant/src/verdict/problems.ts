import type { Check } from "@gavel/api";

/** One thing that is wrong, with every place where it is. */
export interface Problem {
  code: string;
  message: string;
  detail: Record<string, unknown>;
  places: string[];
}

interface Raw {
  code: string;
  message: string;
  detail?: Record<string, unknown>;
}

const PLACE = ["module", "tensor", "field"] as const;

function placeOf(detail: Record<string, unknown>): string | null {
  const key = PLACE.find((name) => typeof detail[name] === "string");
  return key ? (detail[key] as string) : null;
}

/** The check's problems, the same problem in many modules told once. */
export function problemsOf(check: Check): Problem[] {
  const found = new Map<string, Problem>();
  for (const { code, message, detail = {} } of (check.detail.problems ?? []) as Raw[]) {
    const known = found.get(code) ?? { code, message, detail, places: [] };
    const place = placeOf(detail);
    if (place !== null) known.places.push(place);
    found.set(code, known);
  }
  return [...found.values()];
}

/** Problems in all, those beyond the listed ones included. */
export function countOf(checks: Check[]): number {
  const refused = checks.filter((check) => check.status === "refused");
  return refused.reduce((sum, check) => {
    const listed = (check.detail.problems as unknown[] | undefined)?.length ?? 0;
    return sum + (typeof check.detail.total === "number" ? check.detail.total : listed);
  }, 0);
}
