import { afterEach, expect, it, vi } from "vitest";
import { ApiError, api } from "./index";

function answer(status: number, body: string) {
  const fetched = vi.fn(async (_url: string, _init: RequestInit) => new Response(body, { status }));
  vi.stubGlobal("fetch", fetched);
  return fetched;
}

afterEach(() => vi.unstubAllGlobals());

it("fills the path, sends JSON, gives the answer", async () => {
  const fetched = answer(201, '{"receipt":{"seq":1}}');
  const path = { params: { path: { ballot_id: "a/b" } } };
  const made = await api.post("/api/ballots/{ballot_id}/votes", { ...path, body: { choice: "left", n: 1 } });
  expect(made.receipt.seq).toBe(1);
  const [url, init] = fetched.mock.calls[0] ?? [];
  expect(url).toBe("/api/ballots/a%2Fb/votes");
  expect(init).toMatchObject({ method: "POST", body: '{"choice":"left","n":1}' });
});

it("throws what the portal refused, by its code", async () => {
  answer(409, '{"error":{"code":"vote.window_closed","message":"Too late","detail":{"a":1}}}');
  const problem = await api.get("/api/me").catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(ApiError);
  expect(problem).toMatchObject({ code: "vote.window_closed", status: 409, detail: { a: 1 }, retryable: false });
});

it("survives answers that are not ours", async () => {
  answer(502, "<html>Bad gateway</html>");
  await expect(api.get("/api/me")).rejects.toMatchObject({ code: "server.unavailable", retryable: true });
  answer(404, "");
  await expect(api.get("/api/me")).rejects.toMatchObject({ code: "http.404", status: 404 });
});

it("does not take another's page for an answer", async () => {
  answer(200, "<html>Please accept the terms of this guest network</html>");
  await expect(api.get("/api/me")).rejects.toMatchObject({ code: "server.unavailable", retryable: true });
  answer(200, "");
  await expect(api.post("/api/device")).rejects.toMatchObject({ code: "server.unavailable", retryable: true });
  answer(200, "null");
  await expect(api.get("/api/me")).resolves.toBeNull();
});

it("gives up on a network that swallows the request, or the rest of the answer", async () => {
  vi.useFakeTimers();
  const swallow = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const offline = { code: "network.offline", retryable: true };
  vi.stubGlobal("fetch", (_url: string, init: { signal: AbortSignal }) => swallow(init.signal));
  const unanswered = expect(api.get("/api/me")).rejects.toMatchObject(offline);
  await vi.advanceTimersByTimeAsync(8_000);
  await unanswered;
  vi.stubGlobal("fetch", async (_url: string, { signal }: { signal: AbortSignal }) => ({
    ok: true,
    text: () => swallow(signal),
  }));
  const half = expect(api.get("/api/me")).rejects.toMatchObject(offline);
  await vi.advanceTimersByTimeAsync(30_000);
  await half;
  vi.useRealTimers();
});

it("says when there was no answer at all", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
  await expect(api.get("/api/me")).rejects.toMatchObject({ code: "network.offline", status: 0, retryable: true });
});
