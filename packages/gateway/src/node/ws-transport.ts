import type { Duplex } from "node:stream";
import type { Counter, Logger } from "@holdfast/core";
import type { Codec } from "@holdfast/protocol";
import type { WebSocket } from "ws";
import type { Connection, Frame, Transport } from "../transport.js";
import { joinFrames, truncateReason } from "./framing.js";

/** Pings a client may send per second, on average over a minute, before it counts as a flood. */
const MAX_CONTROL_FRAMES_PER_MINUTE = 600;

/** The name of close code 4008, `internal_error`. */
const INTERNAL_ERROR = 4008;
const RATE_LIMITED = 4007;
/** RFC 6455 §7.1.5: no close frame was received. */
const ABNORMAL = 1006;

/** What is counted of the traffic; shared by all connections. */
export interface Traffic {
  readonly messagesReceived: Counter;
  readonly bytesReceived: Counter;
  readonly messagesSent: Counter;
  readonly bytesSent: Counter;
}

/** What a transport needs beside its socket. */
export interface WsTransportOptions {
  readonly codec: Codec;
  readonly negotiated: boolean;
  readonly logger: Logger;
  readonly traffic: Traffic;
}

/**
 * One RFC 6455 connection. `ws` reads the socket and writes control frames; data frames are made
 * by us, once for all receivers, and go to the socket beside it. Both write whole frames only, so
 * they cannot tear each other's.
 */
export class WsTransport implements Transport {
  readonly codec: Codec;
  readonly negotiated: boolean;
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #logger: Logger;
  readonly #traffic: Traffic;
  #connection: Connection | undefined;
  #closing = false;
  /** Set while the kernel takes no more; the write callback that clears it reports `drained`. */
  #blocked = false;
  #errorCode: number | undefined;
  #controlFrames = 0;

  constructor(ws: WebSocket, socket: Duplex, options: WsTransportOptions) {
    this.#ws = ws;
    this.#socket = socket;
    this.#logger = options.logger;
    this.#traffic = options.traffic;
    this.codec = options.codec;
    this.negotiated = options.negotiated;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  /** Hands what the socket says to `connection`; called once, in the tick of the upgrade. */
  start(connection: Connection): void {
    this.#connection = connection;
    this.#ws.on("message", (data: Buffer, isBinary: boolean) => {
      this.#traffic.messagesReceived.add();
      this.#traffic.bytesReceived.add(data.byteLength);
      // ws has checked the UTF-8 (RFC 6455 §8.1).
      this.#guard(() => connection.receive(isBinary ? data : data.toString("utf8")));
    });
    this.#ws.on("pong", () => this.#guard(() => connection.ponged()));
    this.#ws.on("ping", () => {
      this.#controlFrames += 1;
      if (this.#controlFrames > MAX_CONTROL_FRAMES_PER_MINUTE)
        this.close(RATE_LIMITED, "rate_limited");
      else this.#guard(() => connection.ponged());
    });
    this.#ws.on("error", (error) => {
      this.#closing = true;
      this.#errorCode = closeCodeOf(error);
    });
    this.#ws.once("close", (code) => {
      this.#closing = true;
      this.#guard(() => connection.closed(this.#errorCode ?? code));
    });
  }

  write(frames: readonly Frame[]): void {
    if (this.#closing || frames.length === 0 || !this.#socket.writable) return;
    const bytes = joinFrames(frames);
    this.#traffic.messagesSent.add(frames.length);
    this.#traffic.bytesSent.add(bytes.byteLength);
    this.#socket.write(bytes, this.#written);
    if (this.#socket.writableLength > 0) this.#blocked = true;
  }

  ping(): void {
    if (!this.#closing) this.#ws.ping();
  }

  close(code: number, reason: string): void {
    this.#closing = true;
    this.#ws.close(code, truncateReason(reason));
  }

  terminate(): void {
    this.#closing = true;
    this.#ws.terminate();
  }

  /** Forgets the control frames counted so far; called once a minute for all connections. */
  resetControlFrames(): void {
    this.#controlFrames = 0;
  }

  // One bound function for all writes. The stream's own `drain` event stays silent for what was
  // below its high-water mark, which is smaller than the session's idea of a full buffer.
  readonly #written = (): void => {
    if (!this.#blocked || this.#socket.writableLength > 0) return;
    this.#blocked = false;
    const connection = this.#connection;
    if (!this.#closing && connection !== undefined) this.#guard(() => connection.drained());
  };

  /** A mistake of ours costs the one connection it happened on, never the process. */
  #guard(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#logger.error("connection failed", {
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      this.close(INTERNAL_ERROR, "internal_error");
    }
  }
}

/** The close code `ws` answered a violation with (its error carries only a name). */
function closeCodeOf(error: Error): number {
  const code = "code" in error ? error.code : undefined;
  if (typeof code !== "string" || !code.startsWith("WS_ERR_")) return ABNORMAL;
  switch (code) {
    case "WS_ERR_INVALID_UTF8":
      return 1007;
    case "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH":
    case "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH":
      return 1009;
    case "WS_ERR_TOO_MANY_BUFFERED_PARTS":
      return 1008;
    default:
      return 1002;
  }
}
