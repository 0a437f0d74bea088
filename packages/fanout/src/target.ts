import type { Duplex } from "node:stream";
import type { SharedBytes } from "./shared-bytes.js";
import { type StreamHandle, type Watcher, watch } from "./watched-handle.js";

/** What of a stream's state is relied on: what it holds, and that it was corked, ended or destroyed. */
export interface StreamState {
  readonly length: number;
  readonly corked: number;
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

/** Who keeps a copy of what a target's `descriptor` says. */
export interface TargetHolder {
  /** The copy holds no longer. */
  touched(index: number): void;
}

/** In place of a descriptor: the target's stream has to be used. */
export const throughStream = -1;

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
  if (typeof state.corked !== "number" || typeof state.ending !== "boolean") return null;
  if (typeof state.destroyed !== "boolean") return null;
  return handle.fd >= 0 ? handle : null;
}

/** A socket that takes shared bytes: by its descriptor, if it is a plain one, or through its stream. */
export class Target implements Watcher {
  readonly socket: SocketWithHandle;
  readonly #owner: Drained | undefined;
  /** What a plain socket's handle has, until it is lost or the target is stopped. */
  #descriptor = throughStream;
  #isStopped = false;
  #isWatching = false;
  #holder: TargetHolder | undefined;
  #index = -1;

  constructor(socket: Duplex, owner?: Drained) {
    this.socket = socket;
    this.#owner = owner;
    const handle = plainHandle(this.socket);
    if (handle !== null && watch(handle, this)) this.#descriptor = handle.fd;
  }

  /**
   * The descriptor that may be written to: it is open, its stream holds nothing and was not ended.
   * Holds until `TargetHolder.touched` says otherwise; `throughStream` is never told of.
   *
   * One case is not seen: a stream that is corked and then written to, and left so.
   */
  get descriptor(): number {
    if (this.#descriptor === throughStream) return throughStream;
    const { _writableState: state } = this.socket;
    if (state === undefined || state.destroyed || state.ending) return throughStream;
    return state.length > 0 || state.corked > 0 ? throughStream : this.#descriptor;
  }

  /** Tells `holder` from now on. */
  heldBy(holder: TargetHolder | undefined, index: number): void {
    this.#holder = holder;
    this.#index = index;
  }

  touched(): void {
    this.#holder?.touched(this.#index);
  }

  lost(): void {
    this.#descriptor = throughStream;
    this.touched();
  }

  /** Takes nothing any more; what was written before goes on. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.lost();
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
