import type { Payload } from "@holdfast/protocol";

/** One WebSocket, as the client needs it. */
export interface Socket {
  /** Bytes handed over and not yet on the network. */
  readonly bufferedBytes: number;
  /** Only called between `onOpen` and the end. */
  send(payload: Payload): void;
  /** Begins the closing handshake. */
  close(code: number, reason: string): void;
  /** Gives the socket up at once, without waiting for the other side. */
  drop(): void;
}

/** What a socket reports. Never called before `OpenSocket` returned; nothing follows `onClose`. */
export interface SocketEvents {
  onOpen(): void;
  onMessage(payload: Payload): void;
  /** The socket is gone. 1006 when no close frame was seen (RFC 6455 §7.1.5). */
  onClose(code: number, reason: string): void;
}

/** Opens a socket. Throws only when the URL can never work. */
export type OpenSocket = (
  url: string,
  subprotocols: readonly string[],
  events: SocketEvents,
) => Socket;
