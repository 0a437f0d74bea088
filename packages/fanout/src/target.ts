import type { Socket } from "node:net";

/** What of Node's stream handle is relied on: its descriptor, and that it is null once destroyed. */
interface StreamHandle {
  readonly fd: number;
}

function handleOf(socket: Socket): StreamHandle | null {
  const handle: unknown = Reflect.get(socket, "_handle");
  if (typeof handle !== "object" || handle === null) return null;
  return typeof Reflect.get(handle, "fd") === "number" ? (handle as StreamHandle) : null;
}

/**
 * A plain TCP socket that takes shared bytes.
 *
 * The descriptor is read once and trusted only while the socket still owns the very handle it was
 * read from: `destroy()` lets go of the handle in the same step that closes the descriptor, so a
 * closed and reused number is never written to.
 */
export class Target {
  readonly socket: Socket;
  readonly #handle: StreamHandle | null;
  readonly #descriptor: number;

  constructor(socket: Socket) {
    this.socket = socket;
    this.#handle = handleOf(socket);
    this.#descriptor = this.#handle?.fd ?? -1;
  }

  /** The open descriptor, or -1 where the stream has to be used: bytes are queued, half closed, destroyed. */
  get descriptor(): number {
    const socket = this.socket;
    if (this.#descriptor < 0 || socket.writableLength !== 0 || !socket.writable) return -1;
    if (socket.connecting || handleOf(socket) !== this.#handle) return -1;
    return this.#descriptor;
  }
}
