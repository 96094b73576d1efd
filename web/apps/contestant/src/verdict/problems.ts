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

function listed(check: Check): number {
  return (check.detail.problems as unknown[] | undefined)?.length ?? 0;
}

/** Problems of a check beyond the listed ones: the portal lists the first few of very many. */
export function moreOf(check: Check): number {
  return typeof check.detail.total === "number" ? Math.max(0, check.detail.total - listed(check)) : 0;
}

/** Problems in all, those beyond the listed ones included. */
export function countOf(checks: Check[]): number {
  const refused = checks.filter((check) => check.status === "refused");
  return refused.reduce((sum, check) => sum + listed(check) + moreOf(check), 0);
}
