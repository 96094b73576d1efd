import { api } from "@gavel/api";
import ReconnectingWebSocket from "partysocket/ws";
import { LiveClient, type Socket, type SocketEvents } from "./client";

function dial(): ReconnectingWebSocket {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return new ReconnectingWebSocket(`${scheme}://${location.host}/api/live`, undefined, {
    // A random first delay: after a restart the whole hall must not come back in one second.
    minReconnectionDelay: 500 + Math.random() * 2_000,
    maxReconnectionDelay: 20_000,
    reconnectionDelayGrowFactor: 1.6,
    connectionTimeout: 8_000,
    // Subscriptions are sent anew on every opening, so nothing waits in a queue.
    maxEnqueuedMessages: 0,
  });
}

export function connect(events: SocketEvents): Socket {
  let current = listen();
  function listen(): ReconnectingWebSocket {
    const socket = dial();
    // What an old connection still has to say concerns nobody.
    const from = (handle: () => void) => socket === current && handle();
    socket.addEventListener("open", () => from(() => events.open()));
    socket.addEventListener("message", (event) => from(() => events.message(String(event.data))));
    socket.addEventListener("close", (event) => from(() => events.close(event.code)));
    return socket;
  }
  return {
    send: (text) => current.send(text),
    // A new one: the old one's own `reconnect` does nothing while it waits for its next try.
    reconnect() {
      current.close();
      current = listen();
    },
    close: () => current.close(),
  };
}

function create(): LiveClient {
  const client = new LiveClient({
    connect,
    poll: (channel) => api.get("/api/live/{channel}", { params: { path: { channel } } }),
  });
  window.addEventListener("online", () => client.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") client.wake();
  });
  return client;
}

let shared: LiveClient | null = null;

/** The page's one client. */
export function liveClient(): LiveClient {
  shared ??= create();
  return shared;
}
