import { api, type ContaminationFlag } from "@gavel/api";
import { setLanguage } from "@gavel/ui";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import "../i18n";
import { Contamination } from "./Contamination";

const FLAG = {
  id: "f1",
  entry_name: "Lantern",
  version: 2,
  kind: "rephrased",
  suite: "reasoning",
  task: "sums",
  gap: 0.5,
  stderr: 0.1,
  items: 40,
  threshold: 0.3,
  review: null,
} as unknown as ContaminationFlag;

beforeEach(() => setLanguage("en"));
afterEach(() => vi.restoreAllMocks());

it("tells the interval, and keeps the focus when a reviewed sign takes its form away", async () => {
  let open = [FLAG];
  vi.spyOn(api, "get").mockImplementation(((_: string, { params }: { params: { query: { reviewed: boolean } } }) =>
    Promise.resolve(params.query.reviewed ? [] : open)) as never);
  vi.spyOn(api, "post").mockImplementation((() => {
    open = [];
    return Promise.resolve({});
  }) as never);
  render(
    <QueryClientProvider client={new QueryClient()}>
      <Contamination />
    </QueryClientProvider>,
  );
  expect(await screen.findByText(/± 20, over 40 pairs/)).toBeTruthy();
  const note = screen.getByRole("textbox");
  fireEvent.change(note, { target: { value: "Both said so." } });
  fireEvent.submit(note.closest("form") as HTMLFormElement);
  await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  expect(screen.getByText("Reviewed: Lantern.")).toBe(document.activeElement);
});
