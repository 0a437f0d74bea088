import type { Subscription } from "../hub/subscription.js";

/** The subscriptions of one connection, by channel. The usual connection has one, which needs no map. */
export class Subscriptions {
  #one: Subscription | undefined;
  #more: Map<string, Subscription> | undefined;

  get size(): number {
    return (this.#one === undefined ? 0 : 1) + (this.#more?.size ?? 0);
  }

  get(channel: string): Subscription | undefined {
    return this.#one?.channel.name === channel ? this.#one : this.#more?.get(channel);
  }

  has(channel: string): boolean {
    return this.get(channel) !== undefined;
  }

  /** Adds one to a channel that has none. */
  add(subscription: Subscription): void {
    if (this.#one === undefined) {
      this.#one = subscription;
      return;
    }
    this.#more ??= new Map();
    this.#more.set(subscription.channel.name, subscription);
  }

  delete(channel: string): void {
    if (this.#one?.channel.name === channel) this.#one = undefined;
    else if (this.#more?.delete(channel) === true && this.#more.size === 0) this.#more = undefined;
  }

  /** The channels, in the order in which they are looked at; a copy. */
  channels(): string[] {
    const one = this.#one === undefined ? [] : [this.#one.channel.name];
    return this.#more === undefined ? one : [...one, ...this.#more.keys()];
  }
}
