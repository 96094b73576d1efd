import type { Export, ExportLine, Exports, Submission } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { desk } from "../testing/desk";
import { ExportCard } from "./ExportCard";

const ADAPTER = { id: "s1", state: "ready", artifact: "adapter" } as unknown as Submission;
const AT = "GET /api/exports?submission_id=s1";
const NONE: Exports = {
  exports: [],
  schemes: ["bf16", "int8"],
  left: 5,
  room: 8,
  keeps: 8,
  under_way: null,
  downloads: true,
};

const LINE: ExportLine = {
  n: 50,
  original: { value: 0.8, low: 0.69, high: 0.91 },
  exported: { value: 0.6, low: 0.46, high: 0.74 },
  ratio: { value: 0.75, low: 0.62, high: 0.88 },
  verdict: "missed",
  why: null,
};

const MADE: Export = {
  id: "x1",
  submission_id: "s1",
  scheme: "int8",
  state: "done",
  reason: null,
  code: null,
  base_model: "gemma-3-270m",
  base_digest: "b".repeat(64),
  licence: "Gemma Terms of Use",
  licence_url: "https://example.org/terms",
  adapter_digest: "a".repeat(64),
  data_digest: null,
  record: {
    original_bytes: 512 << 20,
    bytes: 384 << 20,
    calibration: { source: "shipped", rows: 128, tokens: 4096, sha256: "c".repeat(64) },
    libraries: { llmcompressor: "0.14.0.1" },
    machine: {},
    scorer_digest: "5".repeat(64),
    seconds: {},
  },
  report: {
    gate: 0.95,
    total: LINE,
    suites: { english: { ...LINE, ratio: null, verdict: "cannot_tell", why: "guessing" } },
  },
  files: [{ name: "model.safetensors", sha256: "d".repeat(64), bytes: 384 << 20 }],
  waiting: null,
  progress: null,
  cancellable: false,
  kept_until: "2026-12-22T08:20:00Z",
  ordered_by: "Ada",
  created_at: "2026-11-22T08:00:00Z",
  ended_at: "2026-11-22T08:20:00Z",
};

beforeEach(() => setLanguage("en"));

const card = (exports: Exports, more = {}) =>
  desk(<ExportCard submission={ADAPTER} />, { [AT]: { body: exports }, ...more });

it("orders the form that was chosen", async () => {
  const { deeds } = card(NONE, { "POST /api/exports": { status: 201, body: MADE } });
  const start = (await screen.findByText("Export")) as HTMLButtonElement;
  expect(start.disabled).toBe(true);
  fireEvent.click(screen.getByLabelText(/^INT8/));
  fireEvent.click(start);
  await waitFor(() => expect(deeds()).toHaveLength(1));
  expect(JSON.parse(deeds()[0]?.[2] as string)).toEqual({ submission_id: "s1", scheme: "int8" });
});

it("says how many are kept, until when, and that one's files are gone", async () => {
  const gone: Export = { ...MADE, state: "cancelled", code: "export.expired", files: [], kept_until: null };
  const { deeds } = card(
    { ...NONE, room: 0, exports: [MADE, { ...gone, id: "x2", scheme: "bf16" }] },
    { "DELETE /api/exports/x1": { body: MADE } },
  );
  expect(await screen.findByText("The files of 8 exports are kept, and no more. Remove one first.")).toBeTruthy();
  expect(screen.getByText("Its files were kept for 30 days and are gone now.")).toBeTruthy();
  expect(screen.getByText(/The files are kept until/)).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Remove the files" }));
  fireEvent.click(screen.getAllByRole("button", { name: "Remove the files", hidden: true }).at(-1) as HTMLElement);
  await waitFor(() => expect(deeds()).toHaveLength(1));
});

it("says plainly that the gate is missed, with the interval, and gives the files all the same", async () => {
  card({ ...NONE, exports: [MADE] });
  expect(await screen.findByText(/keeps less than 95% of the original's right answers/)).toBeTruthy();
  expect(screen.getByText("(62% to 88%)")).toBeTruthy();
  expect(screen.getByText("cannot be told").title).toBe("The original itself cannot be told from guessing.");
  expect(screen.getByText("Weights: 512 MiB merged, 384 MiB exported (75%).")).toBeTruthy();
  expect(screen.getByText("model.safetensors").getAttribute("href")).toBe("/api/exports/x1/files/model.safetensors");
});

it("gives a producer the report and no files", async () => {
  card({ ...NONE, exports: [MADE], downloads: false });
  await screen.findByText(/keeps less than 95%/);
  expect(screen.queryByText("model.safetensors")).toBeNull();
});

it("names the command where a site cannot quantise", async () => {
  const refused = { ...MADE, state: "refused", code: "export.no_environment", record: null, report: null, files: [] };
  card({ ...NONE, exports: [refused as Export] });
  expect(await screen.findByText(/gavel quantise setup/)).toBeTruthy();
});

it("is not there where there is nothing to export", async () => {
  const { sent } = card({ ...NONE, schemes: [] });
  await waitFor(() => expect(sent).toHaveBeenCalled());
  await waitFor(() => expect(screen.queryByText("Take it home as a model")).toBeNull());
});

it("says in the reader's language why an export has failed", async () => {
  setLanguage("zh");
  const failed: Export = {
    ...MADE,
    state: "failed",
    reason: "The step quantise took too long.",
    record: null,
    report: null,
    files: [],
  };
  card({ ...NONE, exports: [failed] });
  expect(await screen.findByText("步骤 quantise 用时过长，已停止。")).toBeTruthy();
});
