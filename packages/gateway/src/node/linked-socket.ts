import { WebSocket } from "ws";

/** What a socket tells whom it is linked to. */
export interface SocketEvents {
  received(data: Buffer, isBinary: boolean): void;
  pinged(): void;
  ponged(): void;
  broken(error: Error): void;
  closed(code: number): void;
}

/**
 * A socket of `ws` that calls its transport itself. Listeners would cost each quiet connection a table of
 * its own, the largest thing that a connection keeps here.
 */
export class LinkedSocket extends WebSocket {
  #transport: SocketEvents | undefined;

  /**
   * From here on `transport` hears everything. Node makes the emptied table of listeners again when
   * somebody should add one.
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
    const extensions: unknown = Reflect.get(this, "_extensions");
    const deflate: unknown = Object(extensions)["permessage-deflate"];
    const cleanup: unknown = Object(deflate).cleanup;
    if (typeof cleanup === "function") Reflect.apply(cleanup, deflate, []);
  }

  override emit(event: string | symbol, ...values: unknown[]): boolean {
    const transport = this.#transport;
    if (transport === undefined) return super.emit(event, ...values);
    const [value, isBinary] = values;
    switch (event) {
      case "message":
        if (Buffer.isBuffer(value)) transport.received(value, isBinary === true);
        return true;
      case "ping":
        transport.pinged();
        return true;
      case "pong":
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
