import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { connect } from "./browser";

/** A WebSocket without a network: the test says what happens to it. */
class FakeSocket extends EventTarget {
  static made: FakeSocket[] = [];
  readyState = 0;
  close = vi.fn(() => {
    this.readyState = 2;
  });
  send = vi.fn();

  constructor() {
    super();
    FakeSocket.made.push(this);
  }

  opens() {
    this.readyState = 1;
    this.dispatchEvent(new Event("open"));
  }

  fails() {
    this.readyState = 3;
    this.dispatchEvent(new CloseEvent("close", { code: 1006 }));
  }
}

const made = (index: number) => FakeSocket.made[index] as FakeSocket;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  FakeSocket.made = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

it("reconnects at once, also while it waits for its next try", async () => {
  const events = { open: vi.fn(), message: vi.fn(), close: vi.fn() };
  const socket = connect(events);
  await vi.advanceTimersByTimeAsync(1);
  made(0).fails();
  await vi.advanceTimersByTimeAsync(100);
  expect(FakeSocket.made).toHaveLength(1);
  socket.reconnect();
  await vi.advanceTimersByTimeAsync(1);
  expect(FakeSocket.made).toHaveLength(2);
  made(1).opens();
  expect(events.open).toHaveBeenCalledTimes(1);
  // The first one has gone for good.
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.made).toHaveLength(2);
});

it("does not take an old connection's end for the end of the new one", async () => {
  const events = { open: vi.fn(), message: vi.fn(), close: vi.fn() };
  const socket = connect(events);
  await vi.advanceTimersByTimeAsync(1);
  made(0).opens();
  made(0).readyState = 2;
  socket.reconnect();
  await vi.advanceTimersByTimeAsync(1);
  made(1).opens();
  made(0).fails();
  expect(events.close).not.toHaveBeenCalled();
  socket.close();
  expect(made(1).close).toHaveBeenCalled();
});
