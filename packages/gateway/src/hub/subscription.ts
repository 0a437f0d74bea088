import type { HubChannel } from "./hub-channel.js";
import type { Replay } from "./replay.js";
import type { Sink } from "./sink.js";

/** One connection's subscription to one channel: first replaying, then live in lockstep with the others. */
export class Subscription {
  readonly channel: HubChannel;
  readonly sink: Sink;
  /** Present until the subscription has joined the live stream. */
  replay: Replay | undefined;
  #ended = false;

  constructor(channel: HubChannel, sink: Sink) {
    this.channel = channel;
    this.sink = sink;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Nothing is delivered from here on. Calling twice does nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.replay?.end();
    this.replay = undefined;
    this.channel.remove(this);
  }
}
