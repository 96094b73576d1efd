import { ApiError, api, type Calibration, type Run, type Suite } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ReactElement } from "react";
import { beforeAll, beforeEach, expect, it, vi } from "vitest";
import "../i18n";
import { Acts, actsFor } from "./Acts";
import { BenchPage } from "./BenchPage";
import { newestOf } from "./Calibrations";
import { asked, Order } from "./Order";
import { inLine } from "./Queue";

const RUN = {
  id: "r1",
  submission_id: "s1",
  entry: { entry_id: "e1", name: "Lantern", kind: "contestant", version: 2 },
  suite: "reasoning",
  extent: "air",
  state: "done",
  waiting: null,
  cancellable: false,
  ordered_by: null,
  override: null,
  void: null,
  stale: [],
  created_at: "2026-11-21T20:00:00Z",
} as unknown as Run;
const SUITE = {
  id: "reasoning",
  name: { en: "Reasoning", zh: "推理" },
  families: [
    { name: "sums", items: 40, air: [0, 1] },
    { name: "words", items: 10, air: [] },
  ],
} as unknown as Suite;
const roster = ["e1", "e2", "e3"].map((entry_id) => ({ entry_id, name: entry_id, kind: "contestant", ready: true }));

beforeAll(() => {
  // jsdom has no modal dialogs.
  HTMLDialogElement.prototype.showModal = function () {
    this.open = true;
  };
  HTMLDialogElement.prototype.close = function () {
    this.open = false;
  };
});
beforeEach(() => {
  vi.restoreAllMocks();
  setLanguage("en");
});

function show(part: ReactElement) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 60_000 } } });
  queries.setQueryData(["suites"], [SUITE]);
  queries.setQueryData(["roster"], roster);
  queries.setQueryData(["bench", "queue"], [{ ...RUN, state: "running" }]);
  vi.spyOn(api, "get").mockImplementation(((path: string) =>
    Promise.resolve(
      path.endsWith("/queue") ? [{ ...RUN, state: "running" }] : path === "/api/roster" ? roster : [SUITE],
    )) as never);
  render(<QueryClientProvider client={queries}>{part}</QueryClientProvider>);
}

it("offers what can be done with a run as it stands", () => {
  expect(actsFor({ ...RUN, state: "running" })).toEqual([]);
  expect(actsFor({ ...RUN, state: "queued", cancellable: true })).toEqual(["cancel"]);
  expect(actsFor(RUN)).toEqual(["rerun", "rescore", "override", "void"]);
  expect(actsFor({ ...RUN, override: { score: 1, reason: "", by: "", at: "" } })).toContain("lift");
  expect(actsFor({ ...RUN, state: "void" })).toEqual(["rerun"]);
  expect(actsFor({ ...RUN, state: "void", override: { score: 1, reason: "", by: "", at: "" } })).toEqual([
    "rerun",
    "lift",
  ]);
  expect(actsFor({ ...RUN, state: "failed" })).toEqual(["rerun"]);
  expect(actsFor({ ...RUN, state: "cancelled", ordered_by: "Ann" })).toEqual(["resume", "rerun"]);
});

it("voids a score only with a reason", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  const done = vi.fn();
  show(<Acts run={RUN} onDone={done} />);
  fireEvent.click(screen.getByRole("button", { name: "Void: Lantern v2" }));
  const confirm = screen.getByRole("button", { name: "Void" }) as HTMLButtonElement;
  expect(confirm.disabled).toBe(true);
  expect(screen.getByText(/set by hand stays until you lift it/)).toBeTruthy();
  fireEvent.change(screen.getByRole("textbox", { name: "Reason" }), { target: { value: " A stuck fan " } });
  fireEvent.click(confirm);
  await waitFor(() => expect(done).toHaveBeenCalledWith("The score of Lantern v2 is void."));
  expect(post.mock.calls[0]?.[1]).toMatchObject({
    params: { path: { run_id: "r1" } },
    body: { reason: "A stuck fan" },
  });
});

it("takes a score in points, and nothing outside of the scale", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  show(<Acts run={RUN} onDone={() => {}} />);
  fireEvent.click(screen.getByRole("button", { name: "Set by hand: Lantern v2" }));
  const field = screen.getByRole("textbox", { name: /Accuracy, from/ });
  fireEvent.change(screen.getByRole("textbox", { name: "Reason" }), { target: { value: "as agreed" } });
  fireEvent.change(field, { target: { value: "130" } });
  expect(screen.getByText("A number from −100 to 100, please.")).toBeTruthy();
  expect((screen.getByRole("button", { name: "Set by hand" }) as HTMLButtonElement).disabled).toBe(true);
  fireEvent.change(field, { target: { value: "42,5" } });
  fireEvent.click(screen.getByRole("button", { name: "Set by hand" }));
  await waitFor(() => expect(post).toHaveBeenCalledTimes(1));
  expect(post.mock.calls[0]?.[1]).toMatchObject({ body: { score: 0.425, reason: "as agreed" } });
});

it("names the number before it orders, and the portal's own when that is another", async () => {
  const post = vi
    .spyOn(api, "post")
    .mockRejectedValueOnce(new ApiError("run.expected", "", 409, { expected: 2, found: 1 }))
    .mockResolvedValue({ runs: ["x"] } as never);
  const done = vi.fn();
  show(<Order onDone={done} />);
  // One of the three is at it already.
  fireEvent.click(screen.getByRole("button", { name: "Order 2 runs" }));
  expect(post).not.toHaveBeenCalled();
  expect(screen.getByText("Order 2 runs?")).toBeTruthy();
  expect(screen.getByText(/Reasoning: 4 questions in all/)).toBeTruthy();
  fireEvent.click(screen.getAllByRole("button", { name: "Order 2 runs" }).at(-1) as HTMLElement);
  expect(await screen.findByText("Order 1 run?")).toBeTruthy();
  expect(screen.getByText(/This is about 1 runs by now, not 2/)).toBeTruthy();
  fireEvent.click(screen.getAllByRole("button", { name: "Order 1 run" }).at(-1) as HTMLElement);
  await waitFor(() => expect(done).toHaveBeenCalledWith("1 run has been ordered."));
  expect(post.mock.calls.map(([, init]) => (init as unknown as { body: object }).body)).toEqual([
    { entries: "all", suite: "reasoning", extent: "air", expected: 2 },
    { entries: "all", suite: "reasoning", extent: "air", expected: 1 },
  ]);
});

it("counts questions by extent, and puts the queue in its order", () => {
  expect([asked(SUITE, "air"), asked(SUITE, "full"), asked(undefined, "air")]).toEqual([2, 50, 0]);
  const waits = (id: string, position: number) => ({ ...RUN, id, waiting: { reason: "", position, deadline: "" } });
  const line = [waits("c", 3), { ...RUN, id: "a" }, waits("b", 0)].sort(inLine);
  expect(line.map(({ id }) => id)).toEqual(["a", "b", "c"]);
});

it("shows of each class its newest calibration, and classes without one", () => {
  const of = (id: string, hardware_class: string) => ({ id, hardware_class }) as Calibration;
  const found = newestOf([of("2", "gpu"), of("1", "gpu")], ["cpu", "gpu"]);
  expect(found.map(([name, newest]) => [name, newest?.id])).toEqual([
    ["cpu", undefined],
    ["gpu", "2"],
  ]);
});

const REFUSED: Calibration = {
  id: "c1",
  hardware_class: "gpu",
  state: "failed",
  reason: "No engine of the class could be measured.",
  rules: { band: 0.1, tolerance: 0.5 },
  nodes: [{ node_id: "n1", turn: "left_out", reason: "it is draining", verdict: null }],
  created_at: "2026-11-21T20:00:00Z",
  ended_at: "2026-11-21T20:04:00Z",
} as unknown as Calibration;

function page(ended: Run[]) {
  const answers: Record<string, unknown> = {
    "/api/nodes/calibrations": [REFUSED],
    "/api/benchmark-runs": { items: ended, total: ended.length, page: 1, pages: 1 },
    "/api/suites": [SUITE],
    "/api/roster": roster,
  };
  vi.spyOn(api, "get").mockImplementation(((path: string) => Promise.resolve(answers[path] ?? [])) as never);
  render(
    <QueryClientProvider client={new QueryClient({ defaultOptions: { queries: { retry: false } } })}>
      <BenchPage />
    </QueryClientProvider>,
  );
}

it("says what a calibration may cost, then that it has begun, and keeps the focus", async () => {
  const post = vi.spyOn(api, "post").mockResolvedValue({} as never);
  page([]);
  fireEvent.click(await screen.findByRole("button", { name: "Calibrate gpu" }));
  expect(
    screen.getByText(/no ranked work, duels included, until it is calibrated again\. If there are only two/),
  ).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Calibrate" }));
  expect(await screen.findByText("The calibration of gpu has begun.")).toBe(document.activeElement);
  expect(post.mock.calls[0]?.[1]).toEqual({ body: { hardware_class: "gpu" } });
});

it("explains in the reader's language what was not measured, and means 95 % by ±", async () => {
  setLanguage("zh");
  page([
    { ...RUN, accuracy: { value: 0.47, stderr: 0.06, overridden: false, stale: false } },
    { ...RUN, id: "r2", state: "failed", code: "engine.no_echo", reason: "The engine …", accuracy: null },
  ]);
  expect(await screen.findByText(/引擎不给出提示词的对数概率/)).toBeTruthy();
  expect(screen.getByText(/± 12/)).toBeTruthy();
  expect(await screen.findByText(/该等级没有一个引擎能测量/)).toBeTruthy();
  expect(screen.getByText("节点已停止接单")).toBeTruthy();
});
