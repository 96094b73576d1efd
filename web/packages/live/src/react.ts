import { createContext, useCallback, useContext, useMemo, useSyncExternalStore } from "react";
import { liveClient } from "./browser";
import type { LiveClient, Status, View } from "./client";

/** Tests put their own client here; a page needs no provider. */
export const LiveContext = createContext<LiveClient | null>(null);

export interface ChannelView<T> {
  state: T | null;
  status: Status;
  stale: boolean;
  /** The server's clock, in ms since 1970. */
  serverNow: () => number;
}

const NOTHING: View = { state: null, status: "connecting", stale: false };

/** Follow a channel; null follows nothing. */
export function useChannel<T>(channel: string | null): ChannelView<T> {
  const provided = useContext(LiveContext);
  const client = useMemo(() => provided ?? liveClient(), [provided]);
  const subscribe = useCallback(
    (listener: () => void) => (channel === null ? () => {} : client.subscribe(channel, listener)),
    [client, channel],
  );
  const view = useSyncExternalStore(subscribe, () => (channel === null ? NOTHING : client.view(channel)));
  const serverNow = useCallback(() => client.clock.now(), [client]);
  return { state: view.state as T | null, status: view.status, stale: view.stale, serverNow };
}
