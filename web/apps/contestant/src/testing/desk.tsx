import type { Me } from "@gavel/api";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { vi } from "vitest";
import "../i18n";

// The test's DOM has no modal dialogs; this much of them matters here.
HTMLDialogElement.prototype.showModal = function showModal() {
  this.open = true;
};
HTMLDialogElement.prototype.close = function close() {
  this.open = false;
};

/** For tests: a part of the desk with Ada signed in, and a portal that answers by method and path. */
export const ADA: Me = { id: "ada", email: "ada@example.org", display_name: "Ada", roles: ["contestant"] };

type Answers = Record<string, { status?: number; body: unknown }>;

export function refusal(code: string, status: number, detail: object = {}) {
  return { status, body: { error: { code, message: code, detail } } };
}

export function desk(part: ReactElement, answers: Answers = {}) {
  const sent = vi.fn(async (address: string, { method = "GET" }: RequestInit = {}) => {
    const { status = 200, body } = answers[`${method} ${address}`] ?? refusal("http.404", 404);
    return new Response(JSON.stringify(body), { status });
  });
  vi.stubGlobal("fetch", sent);
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, staleTime: 60_000 } } });
  queries.setQueryData(["me"], ADA);
  const { rerender } = render(<QueryClientProvider client={queries}>{part}</QueryClientProvider>);
  const again = (changed: ReactElement) =>
    rerender(<QueryClientProvider client={queries}>{changed}</QueryClientProvider>);
  /** What was asked of the portal besides reading: `[METHOD, path, body]`. */
  const deeds = () =>
    sent.mock.calls
      .filter(([, init]) => init?.method && init.method !== "GET")
      .map(([address, init]) => [init?.method, address, init?.body ?? null]);
  return { deeds, sent, queries, again };
}
