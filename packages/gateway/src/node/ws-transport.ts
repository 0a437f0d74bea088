import type { Duplex } from "node:stream";
import type { Logger } from "@holdfast/core";
import { type Drained, Target } from "@holdfast/fanout";
import type { Codec } from "@holdfast/protocol";
import type { Connection, Frame, Transport } from "../transport.js";
import { type Compression, deflatedBytes } from "./deflating.js";
import { sharedBytes, truncateReason, withPing } from "./framing.js";
import type { LinkedSocket, SocketEvents } from "./linked-socket.js";
import type { Traffic } from "./traffic.js";

/** Pings a client may send per second, on average over a minute, before it counts as a flood. */
const MAX_CONTROL_FRAMES_PER_MINUTE = 600;

/** The name of close code 4008, `internal_error`. */
const INTERNAL_ERROR = 4008;
const RATE_LIMITED = 4007;
/** RFC 6455 §7.1.5: no close frame was received. */
const ABNORMAL = 1006;

/** What all transports of a gateway share. */
export interface WsTransportOwner {
  readonly logger: Logger;
  readonly traffic: Traffic;
  /** Makes a frame for connections that take compressed messages. */
  readonly deflate: (frame: Frame) => Uint8Array;
  /** The socket of the transport is closed. */
  gone(transport: WsTransport): void;
}

/** What the opening handshake settled for one connection. */
interface Agreed {
  readonly codec: Codec;
  readonly negotiated: boolean;
  /** true: it takes the compressed frames that all share. */
  readonly deflates: boolean;
}

/** How all connections of a gateway compress, as one function that they share. */
export function deflating(compression: Compression): (frame: Frame) => Uint8Array {
  return (frame) => deflatedBytes(frame, compression);
}

/**
 * One RFC 6455 connection. `ws` reads the socket and writes control frames; data frames are made
 * by us, once for all receivers, and go to the socket beside it. Both write whole frames only, so
 * they cannot tear each other's.
 */
export class WsTransport implements Transport, SocketEvents, Drained {
  readonly codec: Codec;
  readonly negotiated: boolean;
  /** The socket as the fan-out writes to it. */
  readonly target: Target;
  /** What makes a frame for a connection that takes compressed messages; absent: it takes none. */
  readonly deflated: ((frame: Frame) => Uint8Array) | undefined;
  readonly #ws: LinkedSocket;
  readonly #owner: WsTransportOwner;
  /** true: the client may compress what it sends. */
  readonly #inflates: boolean;
  #connection: Connection | undefined;
  #closing = false;
  #errorCode: number | undefined;
  #controlFrames = 0;

  constructor(ws: LinkedSocket, socket: Duplex, owner: WsTransportOwner, agreed: Agreed) {
    this.#ws = ws;
    this.target = new Target(socket, this);
    this.#owner = owner;
    this.#inflates = ws.extensions !== "";
    this.codec = agreed.codec;
    this.deflated = agreed.deflates ? owner.deflate : undefined;
    this.negotiated = agreed.negotiated;
  }

  get bufferedBytes(): number {
    return this.target.heldBytes;
  }

  /** Hands what the socket says to `connection`; called once, in the tick of the upgrade. */
  start(connection: Connection): void {
    this.#connection = connection;
    this.#ws.link(this);
  }

  received(data: Buffer, isBinary: boolean): void {
    const { byteLength } = data;
    if (this.#inflates) this.#ws.releaseInflater();
    this.#owner.traffic.messagesReceived.add();
    this.#owner.traffic.bytesReceived.add(byteLength);
    try {
      // ws has checked the UTF-8 (RFC 6455 §8.1).
      this.#connection?.receive(isBinary ? data : data.toString("utf8"), byteLength);
    } catch (error) {
      this.#failed(error);
    }
  }

  pinged(): void {
    this.#controlFrames += 1;
    if (this.#controlFrames > MAX_CONTROL_FRAMES_PER_MINUTE)
      this.close(RATE_LIMITED, "rate_limited");
    else this.ponged();
  }

  ponged(): void {
    this.#guard((connection) => connection.ponged());
  }

  broken(error: Error): void {
    this.#stop();
    this.#errorCode = closeCodeOf(error);
  }

  closed(code: number): void {
    this.#stop();
    this.#owner.gone(this);
    this.#guard((connection) => connection.closed(this.#errorCode ?? code));
  }

  write(frames: readonly Frame[]): void {
    if (this.#closing || frames.length === 0) return;
    const bytes = sharedBytes(frames, this.deflated);
    this.#owner.traffic.messagesSent.add(frames.length);
    this.#owner.traffic.bytesSent.add(bytes.size);
    this.target.write(bytes);
  }

  ping(): void {
    if (!this.#closing) this.#ws.ping();
  }

  withPing(message: Frame): Frame {
    return withPing(message);
  }

  close(code: number, reason: string): void {
    this.#stop();
    this.#ws.close(code, truncateReason(reason));
  }

  terminate(): void {
    this.#stop();
    this.#ws.terminate();
  }

  /** Forgets the control frames counted so far; called once a minute for all connections. */
  resetControlFrames(): void {
    this.#controlFrames = 0;
  }

  /** No data may follow a close frame. */
  #stop(): void {
    this.#closing = true;
    this.target.stop();
  }

  /** The socket has taken everything again. */
  drained(): void {
    if (!this.#closing) this.#guard((connection) => connection.drained());
  }

  #guard(step: (connection: Connection) => void): void {
    const connection = this.#connection;
    try {
      if (connection !== undefined) step(connection);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A mistake of ours costs the one connection it happened on, never the process. */
  #failed(error: unknown): void {
    this.#owner.logger.error("connection failed", {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    this.close(INTERNAL_ERROR, "internal_error");
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
