import type { Duplex } from "node:stream";
import type { SharedBytes } from "./shared-bytes.js";

/** What of Node's stream handle is relied on: its descriptor. */
interface StreamHandle {
  readonly fd: number;
}

/** What of a `net.Socket` is relied on beyond its documentation: its handle, null once destroyed. */
interface SocketWithHandle extends Duplex {
  readonly _handle?: StreamHandle | null;
  readonly connecting?: boolean;
}

const nothing = new Uint8Array(0);

/**
 * The handle of a plain TCP socket. A TLS socket has a handle with the descriptor below it too, but
 * of another class: what is written there must pass the encryption, so it is none of ours.
 */
function plainHandle(socket: SocketWithHandle): StreamHandle | null {
  const handle = socket._handle;
  if (typeof handle !== "object" || handle === null || "encrypted" in socket) return null;
  if (handle.constructor.name !== "TCP" || typeof handle.fd !== "number") return null;
  return handle.fd >= 0 ? handle : null;
}

/**
 * A socket that takes shared bytes.
 *
 * Its descriptor is read once and trusted only while the socket still owns the very handle it was
 * read from: `destroy()` lets go of the handle in the same step that closes the descriptor, so a
 * closed and reused number is never written to.
 */
export class Target {
  readonly #socket: SocketWithHandle;
  readonly #handle: StreamHandle | null;
  #descriptor: number;
  #isStopped = false;
  readonly #drained: (() => void) | undefined;
  #watching = false;
  /** Bytes for it wait in a fan-out's batch; the fan-out's own book-keeping. */
  queued = false;

  /** `drained` is called whenever the stream has given everything to the kernel after holding some back. */
  constructor(socket: Duplex, drained?: () => void) {
    this.#socket = socket;
    this.#handle = plainHandle(socket);
    this.#descriptor = this.#handle?.fd ?? -1;
    this.#drained = drained;
  }

  /** The open descriptor, or -1 where the stream has to be used: bytes are queued, half closed, destroyed, not plain. */
  get descriptor(): number {
    const socket = this.#socket;
    if (socket._handle !== this.#handle || socket.writableLength !== 0) return -1;
    if (!socket.writable || socket.connecting === true) return -1;
    return this.#descriptor;
  }

  /** Takes nothing any more; what was written before goes on. */
  stop(): void {
    this.#isStopped = true;
    this.#descriptor = -1;
  }

  /** Bytes the stream holds because the kernel has not taken them. */
  get heldBytes(): number {
    return this.#socket.writableLength;
  }

  /** Writes through the stream what follows the first `taken` bytes; nothing once it is half closed or destroyed. */
  write(bytes: SharedBytes, taken = 0): void {
    const socket = this.#socket;
    if (this.#isStopped || !socket.writable) return;
    const parts = bytes.after(taken);
    const [only] = parts;
    if (only !== undefined && parts.length === 1) socket.write(only);
    else {
      socket.cork();
      for (const part of parts) socket.write(part);
      socket.uncork();
    }
    if (socket.writableLength > 0) this.#watch();
  }

  /**
   * An empty write comes back when everything before it is with the kernel. The stream's own `drain`
   * event stays silent below its high-water mark, and a callback per write would cost every write.
   */
  #watch(): void {
    if (this.#watching || this.#drained === undefined) return;
    this.#watching = true;
    this.#socket.write(nothing, () => {
      this.#watching = false;
      if (this.#socket.destroyed) return;
      if (this.#socket.writableLength > 0) this.#watch();
      else this.#drained?.();
    });
  }
}
