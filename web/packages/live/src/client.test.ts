import { ApiError } from "@gavel/api";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveClient, type SocketEvents } from "./client";

const CH = "stage:1";

/** A portal in a test tube: what the client sent, and a hand on every event. */
function bench() {
  const sent: Record<string, unknown>[] = [];
  let events: SocketEvents | undefined;
  const socket = { send: (text: string) => sent.push(JSON.parse(text)), reconnect: vi.fn(), close: vi.fn() };
  const poll = vi.fn(async (_channel: string) => ({ epoch: "e", seq: 0, state: {} as unknown }));
  const client = new LiveClient({
    connect: (given) => {
      events = given;
      return socket;
    },
    poll,
  });
  const fire = () => events as SocketEvents;
  const receive = (...envelopes: object[]) => fire().message(JSON.stringify(envelopes));
  return { client, sent, socket, poll, fire, receive };
}

const snap = (seq: number, d: unknown, ep = "e") => ({ t: "snap", ch: CH, ep, seq, d });
const set = (seq: number, d: unknown, ep = "e") => ({ t: "patch", ch: CH, ep, seq, d: { set: d } });

beforeEach(() => void vi.useFakeTimers({ now: Date.parse("2026-11-21T12:00:00Z") }));
afterEach(() => void vi.useRealTimers());

describe("LiveClient", () => {
  it("subscribes on opening, takes the snapshot and follows the patches", () => {
    const { client, sent, fire, receive } = bench();
    const listener = vi.fn();
    client.subscribe(CH, listener);
    expect(client.view(CH).status).toBe("connecting");
    fire().open();
    expect(sent).toEqual([{ t: "sub", ch: CH, ep: null, seq: null }]);
    receive(snap(7, { a: 1 }));
    expect(client.view(CH)).toEqual({ state: { a: 1 }, status: "live", stale: false });
    receive(set(8, { b: 2 }), set(9, { a: 3 }));
    expect(client.view(CH).state).toEqual({ a: 3, b: 2 });
    expect(listener).toHaveBeenCalled();
  });

  it("ignores what it has seen, and asks once for what it has missed", () => {
    const { client, sent, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, { n: 7 }));
    receive(set(7, { n: 0 }));
    expect(client.view(CH).state).toEqual({ n: 7 });
    receive(set(9, { n: 9 }), set(10, { n: 10 }));
    expect(client.view(CH)).toMatchObject({ state: { n: 7 }, status: "behind" });
    expect(sent.slice(1)).toEqual([{ t: "sub", ch: CH, ep: "e", seq: 7 }]);
    receive(set(8, { n: 8 }), set(9, { n: 9 }), set(10, { n: 10 }));
    expect(client.view(CH)).toMatchObject({ state: { n: 10 }, status: "live" });
  });

  it("asks for a snapshot when the epoch changed or a patch does not fit", () => {
    const { client, sent, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, { text: "ab" }));
    receive({ t: "patch", ch: CH, ep: "e", seq: 8, d: { append: [{ path: ["text"], pos: 5, text: "x" }] } });
    expect(sent.at(-1)).toEqual({ t: "sub", ch: CH, ep: null, seq: null });
    receive(snap(8, { text: "abcdex" }));
    receive(set(1, { n: 1 }, "other"));
    expect(sent.at(-1)).toEqual({ t: "sub", ch: CH, ep: null, seq: null });
    receive(snap(1, { n: 1 }, "other"));
    expect(client.view(CH)).toMatchObject({ state: { n: 1 }, status: "live" });
  });

  it("asks again for a snapshot when a resume is not answered", () => {
    const { client, sent, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, {}));
    receive(set(9, {}));
    vi.advanceTimersByTime(6_500);
    expect(sent.at(-1)).toEqual({ t: "sub", ch: CH, ep: null, seq: null });
  });

  it("resumes by epoch and sequence after a lost connection", () => {
    const { client, sent, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, { n: 7 }));
    fire().close(1006);
    expect(client.view(CH)).toMatchObject({ state: { n: 7 }, status: "behind" });
    fire().open();
    expect(sent.at(-1)).toEqual({ t: "sub", ch: CH, ep: "e", seq: 7 });
    receive(set(8, { n: 8 }));
    expect(client.view(CH)).toMatchObject({ state: { n: 8 }, status: "live" });
  });

  it("is live at once when it comes back and has missed nothing", () => {
    const { client, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, { n: 7 }));
    fire().close(1012);
    expect(client.view(CH).status).toBe("behind");
    fire().open();
    expect(client.view(CH)).toMatchObject({ state: { n: 7 }, status: "live" });
  });

  it("polls over HTTP when the socket stays away, and says offline when that fails too", async () => {
    const { client, poll, fire, receive } = bench();
    poll.mockResolvedValueOnce({ epoch: "e", seq: 12, state: { n: 12 } });
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, { n: 7 }));
    fire().close(1006);
    await vi.advanceTimersByTimeAsync(5_500);
    expect(poll).toHaveBeenCalledWith(CH);
    expect(client.view(CH)).toMatchObject({ state: { n: 12 }, status: "polling" });
    poll.mockRejectedValue(new ApiError("network.offline", "", 0));
    await vi.advanceTimersByTimeAsync(6_000);
    expect(client.view(CH)).toMatchObject({ state: { n: 12 }, status: "offline" });
  });

  it("never goes back to an older poll", async () => {
    const { client, poll, fire, receive } = bench();
    poll.mockResolvedValue({ epoch: "e", seq: 3, state: { n: 3 } });
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, { n: 7 }));
    fire().close(1006);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(client.view(CH).state).toEqual({ n: 7 });
  });

  it("does not wait for its timers when the device wakes up", async () => {
    const { client, socket, poll, fire } = bench();
    poll.mockRejectedValue(new ApiError("network.offline", "", 0));
    client.subscribe(CH, () => {});
    fire().close(1006);
    await vi.advanceTimersByTimeAsync(5_500);
    expect(poll).toHaveBeenCalledTimes(1);
    client.wake();
    expect(socket.reconnect).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(poll).toHaveBeenCalledTimes(2);
  });

  it("probes a silent socket, then gives it up and says stale", () => {
    const { client, sent, socket, poll, fire, receive } = bench();
    poll.mockRejectedValue(new ApiError("network.offline", "", 0));
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, {}));
    vi.advanceTimersByTime(22_000);
    expect(sent).toContainEqual({ t: "ping" });
    expect(client.view(CH).stale).toBe(false);
    vi.advanceTimersByTime(15_000);
    expect(socket.reconnect).toHaveBeenCalledTimes(1);
    expect(client.view(CH).stale).toBe(true);
    fire().open();
    receive(snap(7, {}));
    expect(client.view(CH)).toMatchObject({ status: "live", stale: false });
  });

  it("stays live on heartbeats and reads the server's clock from them", () => {
    const { client, socket, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    receive(snap(7, {}));
    for (let beat = 0; beat < 4; beat += 1) {
      vi.advanceTimersByTime(15_000);
      receive({ t: "hb", now: new Date(Date.now() + 90_000 - beat * 10).toISOString() });
    }
    expect(socket.reconnect).not.toHaveBeenCalled();
    expect(client.clock.now() - Date.now()).toBe(90_000);
  });

  it("takes one clock sample from a message of repeated patches, the newest", () => {
    const { client, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    receive({ ...snap(1, {}), now: at(5_000) });
    const late = Array.from({ length: 10 }, (_, index) => ({ ...set(index + 2, {}), now: at(-60_000 + index) }));
    receive(...late);
    expect(client.clock.now() - Date.now()).toBe(5_000);
  });

  it("reports a refused channel and stops waiting for it", () => {
    const { client, fire, receive } = bench();
    client.subscribe(CH, () => {});
    fire().open();
    receive({ t: "err", ch: CH, code: "live.not_found" });
    expect(client.view(CH).status).toBe("missing");
    client.subscribe("desk:1", () => {});
    fire().close(4001);
    expect(client.view("desk:1").status).toBe("denied");
  });

  it("lets go of a channel and of the socket when nobody listens", () => {
    const { client, sent, socket, fire, receive } = bench();
    const stop = client.subscribe(CH, () => {});
    fire().open();
    receive(snap(1, {}));
    stop();
    client.subscribe(CH, () => {})();
    vi.advanceTimersByTime(1_500);
    expect(sent.at(-1)).toEqual({ t: "unsub", ch: CH });
    expect(socket.close).toHaveBeenCalled();
  });
});
