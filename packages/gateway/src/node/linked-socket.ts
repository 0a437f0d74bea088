import { WebSocket } from "ws";

/** What a socket tells whom it is linked to. */
export interface SocketEvents {
  received(data: Buffer, isBinary: boolean): void;
  pinged(): void;
  ponged(): void;
  broken(error: Error): void;
  closed(code: number): void;
}

/** Answers to pings that may wait for a socket to take them. */
const MAX_PENDING_PONGS = 16;

/** The extensions of a connection that has none. */
const noExtensions: Extensions = Object.freeze({});

interface Extensions {
  readonly "permessage-deflate"?: { cleanup(): void };
}

/**
 * A socket of `ws` that calls its transport itself, and lets go of what `ws` keeps for each connection
 * though a quiet one has no use for it: of very many connections nearly all are quiet. `_` is what `ws` and
 * Node call their own; where a new version has moved it, the tests say so and nothing is saved.
 */
export class LinkedSocket extends WebSocket {
  /** `ws` puts what is negotiated in its place; its own empty object would be one per connection. */
  protected readonly _extensions: Extensions = noExtensions;
  declare protected readonly _receiver: { readonly _buffers: unknown[] } | null;
  #transport: SocketEvents | undefined;
  #pendingPongs = 0;

  /**
   * From here on `transport` hears everything. Listeners would cost a table of its own; Node makes the emptied
   * one again when somebody should add one.
   */
  link(transport: SocketEvents): void {
    this.#transport = transport;
    if (this.eventNames().length === 0) Object.assign(this, { _events: undefined });
  }

  /**
   * `ws` keeps the inflater of a connection for its next compressed message, and with it a window. One is
   * made again in a few microseconds; kept, it would more than double what a quiet connection holds.
   * Called between messages, when nothing is being inflated.
   */
  releaseInflater(): void {
    this._extensions["permessage-deflate"]?.cleanup();
  }

  /** A list that has held a chunk keeps room for 16 of them; emptied like this it keeps none. */
  #releaseChunks(): void {
    const chunks = this._receiver?._buffers;
    if (chunks?.length === 0) chunks.length = 0;
  }

  /** Answers as `autoPong` of `ws` would, which keeps a function per connection and bounds nothing. */
  #answer(ping: unknown): void {
    if (this.readyState !== WebSocket.OPEN) return;
    if (this.#pendingPongs >= MAX_PENDING_PONGS) {
      this.terminate();
      return;
    }
    this.#pendingPongs++;
    this.pong(ping, false, () => {
      this.#pendingPongs--;
    });
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    const transport = this.#transport;
    if (transport === undefined) return super.emit(event, ...values);
    const [value, isBinary] = values;
    switch (event) {
      case "message":
        this.#releaseChunks();
        if (Buffer.isBuffer(value)) transport.received(value, isBinary === true);
        return true;
      case "ping":
        this.#releaseChunks();
        this.#answer(value);
        transport.pinged();
        return true;
      case "pong":
        this.#releaseChunks();
        transport.ponged();
        return true;
      case "error":
        transport.broken(value instanceof Error ? value : new Error(String(value)));
        return true;
      case "close":
        transport.closed(typeof value === "number" ? value : ABNORMAL);
        return true;
      default:
        return false;
    }
  }
}

/** RFC 6455 §7.1.5: no close frame was received. */
const ABNORMAL = 1006;
