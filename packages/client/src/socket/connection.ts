import type { Clock, Timer } from "@holdfast/core";
import type {
  Codec,
  Connected,
  Disconnect,
  DownMessage,
  ErrorReply,
  Payload,
  UpMessage,
} from "@holdfast/protocol";
import { HoldfastError } from "../errors.js";
import { failure, messageOf } from "../failures.js";
import { given } from "../given.js";
import { exceeds } from "./size.js";
import type { OpenSocket, Socket } from "./socket.js";

/** How a connection ended. */
export interface ConnectionEnd {
  /** Close code; 1006 when there was none. */
  readonly code: number;
  readonly reason: string;
  /** What the gateway advised before it closed. */
  readonly advice?: Disconnect | undefined;
  /** Why the gateway refused the session. */
  readonly refusal?: ErrorReply | undefined;
  /** The URL can never work. */
  readonly cause?: unknown;
}

/** What a connection tells its link. Nothing follows `ended`. */
export interface ConnectionEvents {
  opened(connected: Connected): void;
  /** Anything arrived, whatever it was. */
  heard(): void;
  /** A message of the open session. */
  message(message: DownMessage): void;
  ended(end: ConnectionEnd): void;
}

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly url: string;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly openSocket: OpenSocket;
  readonly token: string | undefined;
  readonly session: string;
  readonly generation: number;
  readonly connectTimeoutMs: number;
  readonly maxMessagesPerFrame: number;
}

const connectId = 1;

/** One socket from dialling to its end: opening → greeting → open → ended. */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #codec: Codec;
  readonly #deadline: Timer;
  #phase: "opening" | "greeting" | "open" | "ended" = "opening";
  #socket: Socket | undefined;
  #advice: Disconnect | undefined;
  #maxMessageBytes = Number.POSITIVE_INFINITY;

  constructor(options: ConnectionOptions, events: ConnectionEvents) {
    this.#options = options;
    this.#events = events;
    this.#codec = options.codec.forConnection?.() ?? options.codec;
    this.#deadline = options.clock.after(options.connectTimeoutMs, () =>
      this.drop("connect_timeout"),
    );
  }

  /** Dials. Apart from the constructor so that `ended` never comes before the caller holds the object. */
  open(): void {
    const { url, openSocket } = this.#options;
    try {
      this.#socket = openSocket(url, [this.#codec.subprotocol], {
        onOpen: () => this.#greet(),
        onMessage: (payload) => this.#receive(payload),
        onClose: (code, reason) => this.#end({ code, reason }),
      });
    } catch (cause) {
      this.#end({ code: 1006, reason: "invalid_url", cause });
    }
  }

  /** Bytes that wait in the socket. */
  get bufferedBytes(): number {
    return this.#socket?.bufferedBytes ?? 0;
  }

  /**
   * Sends, or says that the connection is not open. Throws `TypeError` for what the codec refuses
   * and `HoldfastError` `too_large` for what the gateway would close the connection over.
   */
  send(message: UpMessage | DownMessage): boolean {
    if (this.#phase !== "open") return false;
    const payload = this.#codec.encode(message);
    if (exceeds(payload, this.#maxMessageBytes)) throw new HoldfastError(failure("too_large"));
    this.#socket?.send(payload);
    return true;
  }

  /** Closes politely; `ended` follows at once, since nothing more is of interest. */
  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000, "");
    this.#end({ code: 1000, reason: "" });
  }

  /** Gives the socket up without waiting for the other side. */
  drop(reason: string): void {
    this.#end({ code: 1006, reason });
  }

  #greet(): void {
    if (this.#phase !== "opening") return;
    this.#phase = "greeting";
    const { token, session, generation } = this.#options;
    const command = { type: "connect", id: connectId, session, generation } as const;
    this.#socket?.send(this.#codec.encode({ ...command, ...given({ token }) }));
  }

  #receive(payload: Payload): void {
    if (this.#phase === "ended") return;
    this.#events.heard();
    try {
      const parts = this.#codec.decode(payload, this.#options.maxMessagesPerFrame);
      for (const part of parts) {
        if (part instanceof Error) throw part;
        if (typeof part === "object" && part !== null) this.#take(part as DownMessage);
      }
    } catch (cause) {
      // Whatever cannot be read or followed may hide a lost message; a new connection resumes whole.
      this.drop(`protocol_violation: ${messageOf(cause)}`);
    }
  }

  #take(message: DownMessage): void {
    if (this.#phase === "ended") return;
    if (message.type === "ping") {
      this.#socket?.send(this.#codec.encode({ type: "pong" }));
    } else if (message.type === "disconnect") {
      this.#advice = message;
    } else if (this.#phase === "open") {
      this.#events.message(message);
    } else if (message.type === "connected") {
      this.#phase = "open";
      this.#maxMessageBytes = message.maxMessageBytes;
      this.#deadline.cancel();
      this.#events.opened(message);
    } else if (message.type === "error") {
      this.#end({ code: 1006, reason: message.code, refusal: message });
    }
  }

  #end(end: ConnectionEnd): void {
    if (this.#phase === "ended") return;
    this.#phase = "ended";
    this.#deadline.cancel();
    this.#socket?.drop();
    this.#socket = undefined;
    this.#events.ended({ ...end, advice: this.#advice });
  }
}
