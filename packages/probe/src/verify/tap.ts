import type { OpenSocket, Socket } from "@holdfast/client/internal";
import type { Codec, Payload, Position, Subscribed, UpMessage } from "@holdfast/protocol";

/** What passes a client's socket that its application is not told in full. */
export interface TapEvents {
  /** The client asked to begin or continue a subscription. */
  onSubscribe(channel: string, from: Position | undefined): void;
  /** The gateway's answer, before the client acts on it. */
  onSubscribed(message: Subscribed): void;
}

/** What text must have in it to be worth reading. */
const subscribeMark = '"type":"subscribe"';
const subscribedMark = '"type":"subscribed"';
/** As the client's own bound. */
const maxMessagesPerFrame = 16_384;

/** Listens in on the sockets of one client, and can cut the one that is open. */
export class Tap {
  readonly open: OpenSocket;
  readonly #codec: Codec;
  readonly #events: TapEvents;
  #cut: (() => void) | undefined;

  constructor(openSocket: OpenSocket, codec: Codec, events: TapEvents) {
    this.#codec = codec;
    this.#events = events;
    this.open = (url, subprotocols, client) => {
      let over = false;
      const socket = openSocket(url, subprotocols, {
        onOpen: () => client.onOpen(),
        onMessage: (payload) => {
          this.#down(payload);
          client.onMessage(payload);
        },
        onClose: (code, reason) => {
          over = true;
          client.onClose(code, reason);
        },
      });
      this.#cut = () => {
        if (over) return;
        over = true;
        socket.drop();
        client.onClose(1006, "cut");
      };
      return this.#tapped(socket);
    };
  }

  /** Ends the open socket as a lost network does. */
  cut(): void {
    this.#cut?.();
  }

  #tapped(socket: Socket): Socket {
    return {
      get bufferedBytes() {
        return socket.bufferedBytes;
      },
      send: (payload) => {
        this.#up(payload);
        socket.send(payload);
      },
      close: (code, reason) => socket.close(code, reason),
      drop: () => socket.drop(),
    };
  }

  #up(payload: Payload): void {
    if (typeof payload === "string" && !payload.includes(subscribeMark)) return;
    for (const message of this.#decode(payload)) {
      const { type, channel, position } = message as Partial<UpMessage & { type: "subscribe" }>;
      if (type === "subscribe" && channel !== undefined) {
        this.#events.onSubscribe(channel, position);
      }
    }
  }

  #down(payload: Payload): void {
    if (typeof payload === "string" && !payload.includes(subscribedMark)) return;
    for (const message of this.#decode(payload)) {
      const { type } = message as { readonly type?: unknown };
      if (type === "subscribed") this.#events.onSubscribed(message as Subscribed);
    }
  }

  #decode(payload: Payload): readonly object[] {
    try {
      const parts = this.#codec.decode(payload, maxMessagesPerFrame);
      return parts.filter((part): part is object => typeof part === "object" && part !== null);
    } catch {
      // The client finds the same fault and says so itself.
      return [];
    }
  }
}
