import type { DownMessage } from "@holdfast/protocol";
import type { Asks } from "./asks.js";
import { ChannelPresence } from "./presence.js";
import type { Shared } from "./shared.js";

/** The presence of every channel in which this client takes part or that it watches. */
export class Presences {
  readonly #shared: Shared;
  readonly #asks: Asks;
  readonly #channels = new Map<string, ChannelPresence>();

  constructor(shared: Shared, asks: Asks) {
    this.#shared = shared;
    this.#asks = asks;
  }

  /** That of one channel. What is idle is forgotten, so that only what is used takes memory. */
  of(channel: string): ChannelPresence {
    const found = this.#channels.get(channel);
    if (found !== undefined) return found;
    for (const [name, presence] of this.#channels) if (presence.idle) this.#channels.delete(name);
    const presence = new ChannelPresence(channel, this.#shared, this.#asks);
    this.#channels.set(channel, presence);
    return presence;
  }

  /** Hands a push to its channel. */
  handle(message: DownMessage & { readonly channel: string }): void {
    const presence = this.#channels.get(message.channel);
    if (message.type === "presence") presence?.listed(message);
    else if (message.type === "presence_change") presence?.changed(message);
    else if (message.type === "presence_left") presence?.withdrawn(message);
  }

  pump(): void {
    for (const presence of this.#channels.values()) presence.pump();
  }

  lost(): void {
    for (const presence of this.#channels.values()) presence.lost();
  }
}
