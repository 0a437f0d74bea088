import type { Payload } from "@holdfast/protocol";
import type { OpenSocket } from "../socket/socket.js";

/** Bivariant in its event, as a method is: every platform has an event class of its own. */
type Handler<Event> = { handle(event: Event): void }["handle"];

/** The part of the WebSocket API (WHATWG) that browsers, Node and `ws` share. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: Handler<{ readonly data: unknown }> | null;
  onclose: Handler<{ readonly code: number; readonly reason: string }> | null;
  onerror: ((event: never) => void) | null;
  send(payload: Payload): void;
  close(code?: number, reason?: string): void;
  /** Only where the platform can. */
  terminate?(): void;
}

/** An `OpenSocket` over a WebSocket of the platform. */
export function webSocketOpener(
  make: (url: string, subprotocols: string[]) => WebSocketLike,
): OpenSocket {
  return (url, subprotocols, events) => {
    const socket = make(url, [...subprotocols]);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => events.onOpen();
    socket.onmessage = ({ data }) => {
      events.onMessage(typeof data === "string" ? data : new Uint8Array(data as ArrayBuffer));
    };
    // The close event says as much and always follows.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => events.onClose(code, reason);
    const forget = () => {
      socket.onopen = null;
      socket.onmessage = null;
      socket.onclose = null;
    };
    return {
      get bufferedBytes() {
        return socket.bufferedAmount;
      },
      send: (payload) => socket.send(payload),
      close: (code, reason) => {
        forget();
        socket.close(code, reason);
      },
      drop: () => {
        forget();
        (socket.terminate ?? socket.close).call(socket);
      },
    };
  };
}
