import { ApiError } from "@gavel/api";
import { type Envelope, type Known, receive, type StateEnvelope } from "./channel";
import { ServerClock } from "./clock";

/**
 * - `connecting`: nothing known yet
 * - `live`: patches arrive
 * - `behind`: the socket is lost or a gap is open; what is shown may be old
 * - `polling`: no socket, plain HTTP every few seconds
 * - `offline`: neither works
 * - `denied` / `missing`: the portal said so; waiting will not help
 */
export type Status = "connecting" | "live" | "behind" | "polling" | "offline" | "denied" | "missing";

export interface View {
  state: unknown;
  status: Status;
  /** True when nothing was heard for 35 s. */
  stale: boolean;
}

/** The socket as the client sees it. It reconnects by itself and reports each opening. */
export interface Socket {
  send(text: string): void;
  reconnect(): void;
  close(): void;
}

export interface SocketEvents {
  open(): void;
  message(text: string): void;
  close(code: number): void;
}

export interface LiveOptions {
  connect(events: SocketEvents): Socket;
  /** GET /api/live/{channel}; throws ApiError. */
  poll(channel: string): Promise<{ epoch: string; seq: number; now?: string; state: unknown }>;
  now?: () => number;
}

const SILENCE_MS = 35_000;
const PROBE_MS = 20_000;
const RESYNC_MS = 5_000;
const POLL_AFTER_MS = 4_000;
const POLL_EVERY_MS = 3_000;
const LINGER_MS = 1_000;
const CLOSE_AUTH = 4001;

interface Channel {
  known: Known | null;
  listeners: Set<() => void>;
  /** When a sub was sent that has not been answered, in local ms. */
  askedAt: number | null;
  /** Patches are known to be missing. */
  gap: boolean;
  refusal: "denied" | "missing" | null;
  polled: "ok" | "failed" | null;
  nextPoll: number;
  polling: boolean;
  view: View;
}

const CONNECTING: View = { state: null, status: "connecting", stale: false };

function refusalOf(code: string): "denied" | "missing" {
  return /not_found|unknown|missing|404/.test(code) ? "missing" : "denied";
}

/** One connection to the portal, shared by every channel of the page. */
export class LiveClient {
  readonly clock: ServerClock;
  private readonly options: LiveOptions;
  private readonly now: () => number;
  private readonly channels = new Map<string, Channel>();
  private socket: Socket | null = null;
  private open = false;
  private heardAt = 0;
  private closedAt = 0;
  private timer: ReturnType<typeof setInterval> | null = null;

  constructor(options: LiveOptions) {
    this.options = options;
    this.now = options.now ?? Date.now;
    this.clock = new ServerClock(this.now);
  }

  /** Follow a channel; the returned function stops. The last one to stop ends the subscription. */
  subscribe(name: string, listener: () => void): () => void {
    const channel = this.channels.get(name) ?? this.add(name);
    channel.listeners.add(listener);
    return () => {
      channel.listeners.delete(listener);
      // A page change often drops and takes the same channel: wait before letting go.
      if (channel.listeners.size === 0) setTimeout(() => this.drop(name, channel), LINGER_MS);
    };
  }

  view(name: string): View {
    return this.channels.get(name)?.view ?? CONNECTING;
  }

  /** The device woke up or found a network: do not wait for the timers. */
  wake(): void {
    if (this.socket === null) return;
    for (const channel of this.channels.values()) channel.nextPoll = 0;
    if (!this.open || this.now() - this.heardAt > PROBE_MS) this.socket.reconnect();
    else this.send({ t: "ping" });
  }

  private add(name: string): Channel {
    const channel: Channel = {
      known: null,
      listeners: new Set(),
      askedAt: null,
      gap: false,
      refusal: null,
      polled: null,
      nextPoll: 0,
      polling: false,
      view: CONNECTING,
    };
    this.channels.set(name, channel);
    if (this.socket === null) this.start();
    else if (this.open) this.ask(name, channel);
    return channel;
  }

  private drop(name: string, channel: Channel): void {
    if (channel.listeners.size > 0 || this.channels.get(name) !== channel) return;
    this.channels.delete(name);
    if (this.open) this.send({ t: "unsub", ch: name });
    if (this.channels.size === 0) this.stop();
  }

  private start(): void {
    this.heardAt = this.closedAt = this.now();
    this.timer = setInterval(() => this.tick(), 1_000);
    this.socket = this.options.connect({
      open: () => this.opened(),
      message: (text) => this.message(text),
      close: (code) => this.closed(code),
    });
  }

  private stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.open = false;
    this.socket?.close();
    this.socket = null;
  }

  private send(message: object): void {
    this.socket?.send(JSON.stringify(message));
  }

  private ask(name: string, channel: Channel, fresh = false): void {
    const known = fresh ? null : channel.known;
    channel.askedAt = this.now();
    this.send({ t: "sub", ch: name, ep: known?.epoch ?? null, seq: known?.seq ?? null });
  }

  private opened(): void {
    this.open = true;
    this.heardAt = this.now();
    for (const [name, channel] of this.channels) this.ask(name, channel);
    this.publish();
  }

  /** Also called for each failed attempt to reconnect, which changes nothing. */
  private closed(code: number): void {
    const lost = this.open;
    this.open = false;
    if (lost) this.closedAt = this.now();
    for (const channel of this.channels.values()) {
      if (lost) {
        channel.askedAt = null;
        channel.polled = null;
      }
      if (code === CLOSE_AUTH) channel.refusal = "denied";
    }
    this.publish();
  }

  private message(text: string): void {
    this.heardAt = this.now();
    const envelopes = JSON.parse(text) as Envelope[];
    this.sampleClock(envelopes);
    for (const envelope of envelopes) this.handle(envelope);
    this.publish();
  }

  /** One sample a message, the newest stamp in it: missed patches are repeated with the stamps they had. */
  private sampleClock(envelopes: Envelope[]): void {
    const stamps = envelopes.map((envelope) => (envelope.t === "err" ? undefined : envelope.now));
    const newest = stamps
      .filter((stamp) => stamp !== undefined)
      .sort()
      .at(-1);
    if (newest !== undefined) this.clock.sample(newest);
  }

  private handle(envelope: Envelope): void {
    if (envelope.t === "hb") return;
    const channel = this.channels.get(envelope.ch);
    if (channel === undefined) return;
    if (envelope.t === "err") {
      channel.refusal = refusalOf(envelope.code);
      channel.askedAt = null;
      return;
    }
    this.take(envelope.ch, channel, envelope);
  }

  private take(name: string, channel: Channel, envelope: StateEnvelope): void {
    const [known, verdict] = receive(channel.known, envelope);
    channel.known = known;
    channel.refusal = null;
    channel.gap = verdict === "gap" || verdict === "broken";
    if (!channel.gap) channel.askedAt = null;
    else if (channel.askedAt === null) this.ask(name, channel, verdict === "broken");
  }

  private tick(): void {
    const now = this.now();
    if (this.open && now - this.heardAt > SILENCE_MS) {
      this.socket?.reconnect();
      this.closed(0);
    } else if (this.open && now - this.heardAt > PROBE_MS) {
      this.send({ t: "ping" });
    }
    for (const [name, channel] of this.channels) {
      if (this.open && channel.askedAt !== null && now - channel.askedAt > RESYNC_MS) {
        this.ask(name, channel, true);
      }
      if (!this.open && now - this.closedAt > POLL_AFTER_MS) void this.poll(name, channel);
    }
    this.publish();
  }

  private async poll(name: string, channel: Channel): Promise<void> {
    if (channel.polling || this.now() < channel.nextPoll) return;
    channel.polling = true;
    try {
      const { epoch, seq, now, state } = await this.options.poll(name);
      if (now !== undefined) this.clock.sample(now);
      channel.polled = "ok";
      this.take(name, channel, { t: "snap", ch: name, ep: epoch, seq, d: state });
      this.heardAt = this.now();
    } catch (error) {
      channel.polled = "failed";
      if (error instanceof ApiError && error.status === 404) channel.refusal = "missing";
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) channel.refusal = "denied";
    } finally {
      channel.polling = false;
      channel.nextPoll = this.now() + POLL_EVERY_MS * (0.8 + 0.4 * Math.random());
      this.publish();
    }
  }

  private status(channel: Channel): Status {
    if (channel.refusal !== null) return channel.refusal;
    // A resume that has missed nothing gets no answer, so waiting for one is no gap.
    if (this.open && channel.known !== null && !channel.gap) return "live";
    if (!this.open && channel.polled === "ok") return "polling";
    if (!this.open && channel.polled === "failed") return "offline";
    return channel.known === null ? "connecting" : "behind";
  }

  /** New views only where something changed, so that React renders only then. */
  private publish(): void {
    const stale = this.now() - this.heardAt > SILENCE_MS;
    for (const channel of this.channels.values()) {
      const state = channel.known?.state ?? null;
      const status = this.status(channel);
      const old = channel.view;
      if (old.state === state && old.status === status && old.stale === stale) continue;
      channel.view = { state, status, stale };
      for (const listener of [...channel.listeners]) listener();
    }
  }
}
