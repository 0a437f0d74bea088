import type { Socket } from "@holdfast/client/internal";
import {
  type Codec,
  closeCodes,
  type DownMessage,
  type Payload,
  shouldReconnect,
  type UpMessage,
} from "@holdfast/protocol";
import type { BenchPlatform, BenchSettings } from "./settings.js";

/** Patience for a socket to open and for the gateway's greeting. */
const openMs = 30_000;
const maxMessagesPerFrame = 16_384;

/** What a wire tells; `atMs` is when the frame was read. */
export interface WireEvents {
  message(message: DownMessage, atMs: number): void;
  /** It was open and is no more. */
  lost(code: number): void;
}

/** How opening ended. */
export type Opened =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly code: string;
      /** When to try again; absent: trying again is of no use. */
      readonly retryAfterMs?: number;
    };

/**
 * One connection to a gateway with as little as possible between the socket and the count: no
 * queues, no resuming. It answers pings of both kinds.
 */
export class Wire {
  readonly #settings: BenchSettings;
  readonly #platform: BenchPlatform;
  readonly #events: WireEvents;
  readonly #codec: Codec;
  #socket: Socket | undefined;
  #phase: "opening" | "open" | "closed" = "opening";
  #settle: (opened: Opened) => void = () => {};
  #advisedMs = 1_000;

  constructor(settings: BenchSettings, platform: BenchPlatform, events: WireEvents) {
    this.#settings = settings;
    this.#platform = platform;
    this.#events = events;
    const { codec } = platform;
    this.#codec = codec.forConnection?.() ?? codec;
  }

  /** Opens the socket and waits for the gateway's greeting. */
  open(): Promise<Opened> {
    const { clock, openSocket } = this.#platform;
    const { url, token } = this.#settings;
    return new Promise((resolve) => {
      const timer = clock.after(openMs, () => this.#fail("timeout"));
      this.#settle = (opened) => {
        timer.cancel();
        resolve(opened);
      };
      this.#socket = openSocket(url, [this.#codec.subprotocol], {
        onOpen: () => this.#say({ type: "connect", id: 1, ...(token && { token }) }),
        onMessage: (payload) => this.#receive(payload),
        onClose: (code) => this.#closed(code),
      });
    });
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  send(message: UpMessage): boolean {
    if (this.#phase !== "open") return false;
    this.#say(message);
    return true;
  }

  close(): void {
    this.#phase = "closed";
    this.#socket?.drop();
    this.#socket = undefined;
  }

  #say(message: UpMessage): void {
    this.#socket?.send(this.#codec.encode(message));
  }

  #receive(payload: Payload): void {
    const atMs = this.#platform.clock.monoMs();
    for (const part of this.#codec.decode(payload, maxMessagesPerFrame)) {
      if (part instanceof Error || typeof part !== "object" || part === null) {
        this.#fail("unreadable");
        return;
      }
      this.#take(part as DownMessage, atMs);
    }
  }

  #take(message: DownMessage, atMs: number): void {
    if (message.type === "ping") this.#say({ type: "pong" });
    else if (message.type === "disconnect") {
      const { retryAfterMs = 1_000, spreadMs = 0 } = message;
      this.#advisedMs = retryAfterMs + spreadMs * this.#platform.random.next();
    } else if (this.#phase === "open") this.#events.message(message, atMs);
    else if (message.type === "connected") {
      this.#phase = "open";
      this.#settle({ ok: true });
    } else if (message.type === "error") this.#fail(message.code, message.retryable);
  }

  #closed(code: number): void {
    const wasOpen = this.#phase === "open";
    this.#fail(nameOf(code), shouldReconnect(code));
    if (wasOpen) this.#events.lost(code);
  }

  #fail(code: string, mayRetry = true): void {
    this.close();
    this.#settle({ ok: false, code, ...(mayRetry && { retryAfterMs: this.#advisedMs }) });
  }
}

function nameOf(code: number): string {
  const [, declared] = Object.entries(closeCodes).find(([known]) => Number(known) === code) ?? [];
  return declared?.name ?? `closed_${code}`;
}
