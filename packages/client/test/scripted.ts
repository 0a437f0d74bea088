import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { Connected, ContractOf, DownMessage, UpMessage } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import {
  type Client,
  type ClientState,
  type CreateClientOptions,
  createClient,
  type OpenSocket,
  type PlatformEvents,
  type SocketEvents,
} from "../src/internal.js";

type Sent<Type extends UpMessage["type"]> = Extract<UpMessage, { type: Type }>;

/** One socket whose other side is the test. */
export class ScriptedSocket {
  readonly url: string;
  readonly subprotocols: readonly string[];
  readonly sent: (UpMessage | DownMessage)[] = [];
  readonly #events: SocketEvents;
  bufferedBytes = 0;
  over: "no" | "closed" | "dropped" = "no";

  constructor(url: string, subprotocols: readonly string[], events: SocketEvents) {
    this.url = url;
    this.subprotocols = subprotocols;
    this.#events = events;
  }

  open(): void {
    if (this.over === "no") this.#events.onOpen();
  }

  /** The gateway sends, each message in a frame of its own. */
  push(...messages: DownMessage[]): void {
    for (const message of messages) this.raw(jsonCodec.encode(message) as string);
  }

  raw(text: string): void {
    if (this.over === "no") this.#events.onMessage(text);
  }

  /** The other side is gone. */
  end(code = 1006, reason = ""): void {
    if (this.over !== "no") return;
    this.over = "closed";
    this.#events.onClose(code, reason);
  }

  send(payload: string | Uint8Array): void {
    if (this.over !== "no") throw new Error("sent on a socket that is over");
    for (const part of jsonCodec.decode(payload, 1)) this.sent.push(part as UpMessage);
  }

  close(): void {
    if (this.over === "no") this.over = "closed";
  }

  drop(): void {
    if (this.over === "no") this.over = "dropped";
  }

  /** Every command of a type so far. */
  all<Type extends UpMessage["type"]>(type: Type): Sent<Type>[] {
    return this.sent.filter((message): message is Sent<Type> => message.type === type);
  }

  /** The newest command of a type; fails the test when there is none. */
  last<Type extends UpMessage["type"]>(type: Type): Sent<Type> {
    const found = this.all(type).at(-1);
    if (found === undefined) throw new Error(`no ${type} was sent, only ${this.types()}`);
    return found;
  }

  types(): string {
    return this.sent.map(({ type }) => type).join(" ");
  }
}

/** A page and its network as the test wants them. */
export class ScriptedPlatform implements PlatformEvents {
  online = true;
  readonly #listeners = { wake: new Set(), online: new Set(), offline: new Set() } as Record<
    "wake" | "online" | "offline",
    Set<() => void>
  >;

  onWake = (callback: () => void) => this.#listen("wake", callback);
  onOnline = (callback: () => void) => this.#listen("online", callback);
  onOffline = (callback: () => void) => this.#listen("offline", callback);
  isOnline = () => this.online;

  /** The page is seen again. */
  wake(): void {
    for (const callback of this.#listeners.wake) callback();
  }

  goOnline(): void {
    this.online = true;
    for (const callback of this.#listeners.online) callback();
  }

  goOffline(): void {
    this.online = false;
    for (const callback of this.#listeners.offline) callback();
  }

  /** Listeners not taken off again. */
  get listeners(): number {
    return Object.values(this.#listeners).reduce((sum, { size }) => sum + size, 0);
  }

  #listen(name: "wake" | "online" | "offline", callback: () => void): () => void {
    this.#listeners[name].add(callback);
    return () => void this.#listeners[name].delete(callback);
  }
}

export const connected: Connected = {
  type: "connected",
  id: 1,
  member: "m1",
  features: [],
  pingIntervalMs: 25_000,
  pongTimeoutMs: 10_000,
  maxMessageBytes: 65_536,
  keyWindowMs: 120_000,
  timeMs: 0,
};

/** A client whose time, chance and network belong to the test. */
export class Scripted<T = unknown> {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly sockets: ScriptedSocket[] = [];
  readonly states: ClientState[] = [];
  readonly errors: string[] = [];
  readonly client: Client<ContractOf<T>>;

  constructor(options: Partial<CreateClientOptions> & { readonly seed?: number } = {}) {
    this.random = new SeededRandom(options.seed ?? 1);
    const openSocket: OpenSocket = (url, subprotocols, events) => {
      const socket = new ScriptedSocket(url, subprotocols, events);
      this.sockets.push(socket);
      return socket;
    };
    this.client = createClient<T>({
      url: "ws://gateway.test/ws",
      clock: this.clock,
      random: this.random,
      codec: jsonCodec,
      openSocket,
      ...options,
    });
    this.client.on("state", (state) => this.states.push(state));
    this.client.on("error", (error) => this.errors.push(error.code));
  }

  /** The newest socket. */
  get socket(): ScriptedSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  /** Lets everything that is due now happen. */
  settle(): Promise<void> {
    return this.clock.settle();
  }

  /** Connects up to `connected`. */
  async open(overrides: Partial<Connected> = {}): Promise<ScriptedSocket> {
    await this.settle();
    this.socket.open();
    this.socket.push({ ...connected, id: this.socket.last("connect").id ?? 1, ...overrides });
    await this.settle();
    return this.socket;
  }

  /** Cuts the line and comes back on a new socket. */
  async reconnect(overrides: Partial<Connected> = {}): Promise<ScriptedSocket> {
    this.socket.end();
    await this.clock.advanceAsync(this.client.state.nextTryMs ?? 0);
    return this.open(overrides);
  }
}

/** A publication as the gateway sends it. */
export function publication(channel: string, offset: number, data: unknown = offset): DownMessage {
  return { type: "publication", channel, offset, id: `p${offset}`, data, timeMs: offset };
}

/** Answers the newest subscribe. */
export function subscribed(
  socket: ScriptedSocket,
  reply: Partial<Extract<DownMessage, { type: "subscribed" }>> = {},
): void {
  const { id, channel } = socket.last("subscribe");
  socket.push({
    type: "subscribed",
    ...(id !== undefined && { id }),
    channel,
    resumed: false,
    contiguous: true,
    position: { epoch: "e1", offset: 0 },
    top: 0,
    ...reply,
  });
}
