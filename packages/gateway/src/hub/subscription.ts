import type { Failure } from "@holdfast/protocol";
import type { HubChannel } from "./hub-channel.js";
import type { LiveMember } from "./live-set.js";
import { PacedSink } from "./paced-sink.js";
import type { Replay } from "./replay.js";
import type { Sink } from "./sink.js";

/** The request that asked for a subscription. */
export interface Asker {
  /** The subscription has ended, so that there will be no answer. */
  ended(): void;
  refuse(why: Failure): void;
}

/** One connection's subscription to one channel: first replaying, then live in lockstep with the others. */
export class Subscription implements LiveMember {
  readonly channel: HubChannel;
  readonly sink: Sink;
  /** Present until the subscription has joined the live stream. */
  replay: Replay | undefined;
  /** Who asked for it; present until that was answered. */
  asker: Asker | undefined;
  /** Place among the channel's live subscriptions; -1 while it is not among them. */
  liveIndex = -1;
  #ended = false;

  constructor(channel: HubChannel, sink: Sink) {
    this.channel = channel;
    this.sink = paceOf(channel, sink) ?? sink;
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
    if (this.sink instanceof PacedSink) this.sink.clear();
    this.channel.remove(this);
    this.asker?.ended();
    this.asker = undefined;
  }
}

function paceOf(channel: HubChannel, sink: Sink): PacedSink | undefined {
  const { maxPerSecond } = channel.policy;
  return maxPerSecond === undefined ? undefined : new PacedSink(sink, channel.clock, maxPerSecond);
}
