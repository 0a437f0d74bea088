import type { Duplex } from "node:stream";
import type { SharedBytes } from "./shared-bytes.js";

/** What of Node's stream handle is relied on: its descriptor. */
export interface StreamHandle {
  readonly fd: number;
}

/**
 * What of a stream's state is relied on: what it holds, that its end was asked for, and that it was
 * destroyed, which is said before the descriptor is closed.
 */
export interface StreamState {
  readonly length: number;
  readonly ending: boolean;
  readonly destroyed: boolean;
}

/** What of a `net.Socket` is relied on beyond its documentation; `_handle` is null once destroyed. */
export interface SocketWithHandle extends Duplex {
  readonly _handle?: StreamHandle | null;
  readonly _writableState?: StreamState;
  readonly connecting?: boolean;
}

/** Who wants to know what becomes of what a socket did not take at once. */
export interface Drained {
  /** The stream has given everything to the kernel after holding some back. */
  drained(): void;
}

/** Who keeps a copy of what a target is. */
export interface TargetHolder {
  /** The target with this number takes nothing any more. */
  stopped(index: number): void;
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
  const { _writableState: state } = socket;
  if (socket.connecting === true || typeof state?.length !== "number") return null;
  if (typeof state.ending !== "boolean" || typeof state.destroyed !== "boolean") return null;
  return handle.fd >= 0 ? handle : null;
}

/** A socket that takes shared bytes: by its descriptor, if it is a plain one, or through its stream. */
export class Target {
  readonly socket: SocketWithHandle;
  /** The handle a plain socket had when it was looked at; null: the stream has to be used. */
  readonly handle: StreamHandle | null;
  readonly #owner: Drained | undefined;
  #isStopped = false;
  #isWatching = false;
  #holder: TargetHolder | undefined;
  #index = -1;

  constructor(socket: Duplex, owner?: Drained) {
    this.socket = socket;
    this.handle = plainHandle(socket);
    this.#owner = owner;
  }

  /** Tells `holder` when the target is stopped; one that is stopped already is told so at once. */
  heldBy(holder: TargetHolder | undefined, index: number): void {
    this.#holder = holder;
    this.#index = index;
    if (this.#isStopped) holder?.stopped(index);
  }

  /** Takes nothing any more; what was written before goes on. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#holder?.stopped(this.#index);
  }

  /** Bytes the stream holds because the kernel has not taken them. */
  get heldBytes(): number {
    return this.socket.writableLength;
  }

  /** Writes through the stream what follows the first `taken` bytes; nothing once it is half closed or destroyed. */
  write(bytes: SharedBytes, taken = 0): void {
    const { socket } = this;
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
    if (this.#isWatching || this.#owner === undefined) return;
    this.#isWatching = true;
    this.socket.write(nothing, () => {
      this.#isWatching = false;
      if (this.socket.destroyed) return;
      if (this.socket.writableLength > 0) this.#watch();
      else this.#owner?.drained();
    });
  }
}
