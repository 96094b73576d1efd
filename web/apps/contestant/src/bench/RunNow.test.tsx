import { setLanguage } from "@gavel/ui";
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, expect, it } from "vitest";
import { desk } from "../testing/desk";
import { RUN } from "../testing/run";
import { RunNow } from "./RunNow";
import { firstShown } from "./runs";

const WAITS = { reason: "waiting for a free engine", position: 2, deadline: "2026-11-21T22:00:00Z" };

beforeEach(() => setLanguage("en"));

it("says how far it is, and why it waits", () => {
  desk(<RunNow run={{ ...RUN, state: "running", answered: 9 }} />);
  expect(screen.getByText("9 of 36 questions answered")).toBeTruthy();
  expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("25");
  expect(screen.queryByRole("button")).toBeNull();
  desk(<RunNow run={{ ...RUN, state: "queued", answered: 0, waiting: WAITS }} />);
  expect(screen.getByText(/Waiting for a free engine · /)).toBeTruthy();
});

it("cancels only after it was asked", async () => {
  const { deeds } = desk(<RunNow run={{ ...RUN, state: "running", cancellable: true }} />, {
    "POST /api/runs/r1/cancel": { body: { ...RUN, state: "cancelled" } },
  });
  fireEvent.click(screen.getByRole("button", { name: "Cancel this run" }));
  expect(deeds()).toEqual([]);
  fireEvent.click(screen.getAllByRole("button", { name: "Cancel this run" }).at(-1) as HTMLElement);
  await waitFor(() => expect(deeds()).toEqual([["POST", "/api/runs/r1/cancel", null]]));
});

it("explains in the reader's language why there is no score", () => {
  setLanguage("zh");
  desk(<RunNow run={{ ...RUN, state: "failed", code: "engine.no_echo", reason: "The engine …", answered: 3 }} />);
  expect(screen.getByText(/引擎不给出提示词的对数概率/)).toBeTruthy();
  expect(screen.getByText(/已答的 3 \/ 36 题会保留/)).toBeTruthy();
});

it("shows what is under way first, then the newest with scores", () => {
  const of = (id: string, state: typeof RUN.state) => ({ ...RUN, id, state });
  expect(firstShown([of("a", "failed"), of("b", "done")])?.id).toBe("b");
  expect(firstShown([of("a", "done"), of("b", "running")])?.id).toBe("b");
  expect(firstShown([of("a", "void")])?.id).toBe("a");
  expect(firstShown([])).toBeUndefined();
});
