import type { BrokerListener } from "../contract.js";

/** One gateway's place in the fan-out. */
export interface Follower {
  readonly gateway: string;
  readonly listener: BrokerListener;
  /** Channel to whether its presence events are wanted too. */
  readonly follows: ReadonlyMap<string, { readonly presence: boolean }>;
}

/** Which links follow which channel. */
export class Follows {
  readonly #byChannel = new Map<string, Set<Follower>>();

  add(channel: string, follower: Follower): void {
    const followers = this.#byChannel.get(channel);
    if (followers === undefined) this.#byChannel.set(channel, new Set([follower]));
    else followers.add(follower);
  }

  remove(channel: string, follower: Follower): void {
    const followers = this.#byChannel.get(channel);
    if (followers?.delete(follower) && followers.size === 0) this.#byChannel.delete(channel);
  }

  has(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  /** Whether any link wants the channel's presence events. */
  hasPresence(channel: string): boolean {
    for (const follower of this.of(channel)) {
      if (follower.follows.get(channel)?.presence === true) return true;
    }
    return false;
  }

  of(channel: string): Iterable<Follower> {
    return this.#byChannel.get(channel) ?? [];
  }
}
