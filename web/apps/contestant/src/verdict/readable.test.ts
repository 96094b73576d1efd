import type { Dataset, Submission } from "@gavel/api";
import { expect, it } from "vitest";
import { readable } from "./readable";

const words = {
  t: ((key: string, values?: Record<string, unknown>) => [key, ...Object.values(values ?? {})].join(" ")) as never,
  find: ((key: string) => (key.endsWith(".fix") ? null : key)) as never,
  number: (value: number) => String(value),
};

const finding = {
  code: "dataset.duplicate",
  severity: "warning",
  remedy: "removed",
  message: "m",
  rows: 2,
  detail: {},
  examples: [{ row: 7, place: "", excerpt: "![x](http://evil) <b>bold</b>", other: 3 }],
};

const dataset = {
  licence: { id: "own", note: "# mine" },
  report: {
    form: "kto",
    rows: 9,
    findings: [finding],
    cleaned: { rows: 8, removed: { "dataset.duplicate": 1 }, changed: {} },
  },
} as unknown as Dataset;

it("tells every finding with its rows, and nothing in it is Markdown of a stranger's", () => {
  const text = readable({ entry_name: "River", version: 2 } as Submission, dataset, words);
  expect(text).toContain("### problem.dataset.duplicate.what");
  expect(text).toContain("- dataset.row 7 · dataset.repeats_row 3 · \\!\\[x\\]\\(http://evil\\) \\<b\\>bold\\</b\\>");
  expect(text).toContain("- dataset.licence: own \\# mine");
  expect(text).toContain("- dataset.removed: problem.dataset.duplicate.what dataset.in_rows 1");
});
