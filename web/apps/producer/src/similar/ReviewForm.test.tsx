import type { Flag } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, it, vi } from "vitest";
import "../i18n";
import { ReviewForm } from "./ReviewForm";

afterEach(() => vi.unstubAllGlobals());

function form(status = 200, body: object = {}) {
  const sent = vi.fn(async () => new Response(JSON.stringify(body), { status }));
  vi.stubGlobal("fetch", sent);
  const onDone = vi.fn();
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ReviewForm flag={{ id: "f1" } as Flag} onDone={onDone} />
    </QueryClientProvider>,
  );
  const press = () => fireEvent.submit(screen.getByRole("button").closest("form") as HTMLFormElement);
  const write = (value: string) => fireEvent.change(screen.getByRole("textbox"), { target: { value } });
  return { sent, onDone, press, write };
}

it("reviews nothing without a note", () => {
  const { sent, press, write } = form();
  press();
  write("  \n ");
  press();
  expect(sent).not.toHaveBeenCalled();
});

it("sends the note, and says so", async () => {
  const { sent, onDone, press, write } = form();
  write(" Same class project, both told us. ");
  press();
  await waitFor(() => expect(onDone).toHaveBeenCalledExactlyOnceWith("saved"));
  expect(sent).toHaveBeenCalledExactlyOnceWith(
    "/api/similarity-flags/f1/review",
    expect.objectContaining({ method: "POST", body: '{"note":"Same class project, both told us."}' }),
  );
});

it("gives way to the producer who was first", async () => {
  const { onDone, press, write } = form(409, { error: { code: "similarity.reviewed", message: "m" } });
  write("x");
  press();
  await waitFor(() => expect(onDone).toHaveBeenCalledExactlyOnceWith("taken"));
});

it("keeps the note when the portal cannot be reached", async () => {
  const { onDone, press, write } = form(503);
  write("A long note");
  press();
  await screen.findByRole("alert");
  expect(onDone).not.toHaveBeenCalled();
  expect((screen.getByRole("textbox") as HTMLTextAreaElement).value).toBe("A long note");
});
