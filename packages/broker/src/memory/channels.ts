import type { Random } from "@holdfast/core";
import { Channel } from "./channel.js";
import type { MemoryLimits } from "./options.js";

/** Channels looked at when a new one finds the engine full. */
const maxProbes = 256;

/** Every channel the engine holds; evicts those whose time is over. */
export class Channels {
  readonly #limits: MemoryLimits;
  readonly #random: Random;
  readonly #followed: (name: string) => boolean;
  #channels = new Map<string, Channel>();
  /** Goes round the channels a few at a time, so that no sweep's work grows with their number. */
  #hand: Iterator<Channel> | undefined;

  constructor(limits: MemoryLimits, random: Random, followed: (name: string) => boolean) {
    this.#limits = limits;
    this.#random = random;
    this.#followed = followed;
  }

  get size(): number {
    return this.#channels.size;
  }

  /** The channel, begun now if it is not held; undefined: there is no room for another. */
  of(name: string, nowMs: number): Channel | undefined {
    const held = this.#channels.get(name);
    if (held !== undefined) {
      held.usedMs = nowMs;
      return held;
    }
    if (this.#channels.size >= this.#limits.maxChannels && !this.#makeRoom(nowMs)) return undefined;
    const channel = new Channel(name, this.#limits, this.#random, nowMs);
    this.#channels.set(name, channel);
    return channel;
  }

  /** The channel, if it is held; does not count as a use. */
  peek(name: string): Channel | undefined {
    return this.#channels.get(name);
  }

  /** Lets aged entries and expired keys go, and channels that have been idle for long. */
  sweep(nowMs: number): void {
    this.#walk(this.#limits.maxSweptChannels, (channel) => {
      channel.sweep(nowMs);
      if (nowMs - channel.usedMs < this.#limits.channelIdleMs) return false;
      if (channel.bare && !this.#followed(channel.name)) this.#channels.delete(channel.name);
      return false;
    });
  }

  /** Every channel as it is now. */
  backup(): ReadonlyMap<string, Channel> {
    return new Map([...this.#channels].map(([name, channel]) => [name, channel.copy()]));
  }

  /** Replaces every channel; what is not in `channels` is lost. */
  replace(channels: ReadonlyMap<string, Channel>): void {
    this.#channels = new Map([...channels].map(([name, channel]) => [name, channel.copy()]));
    this.#hand = undefined;
  }

  /** Replaces one channel, or adds it. */
  put(channel: Channel): void {
    this.#channels.set(channel.name, channel);
  }

  /** The channels held. */
  all(): Iterable<Channel> {
    return this.#channels.values();
  }

  /**
   * Evicts one channel nobody follows: one that was never written to, or one idle for longer than
   * the key window, so that no repeat that should have been recognised is appended again.
   */
  #makeRoom(nowMs: number): boolean {
    return this.#walk(maxProbes, (channel) => {
      if (this.#followed(channel.name)) return false;
      const idle = nowMs - channel.usedMs >= this.#limits.keyWindowMs;
      if (!idle && channel.head.offset > 0) return false;
      this.#channels.delete(channel.name);
      return true;
    });
  }

  /** Moves the hand over up to `steps` channels until `visit` says it is done. */
  #walk(steps: number, visit: (channel: Channel) => boolean): boolean {
    for (let left = Math.min(steps, this.#channels.size); left > 0; left -= 1) {
      this.#hand ??= this.#channels.values();
      const next = this.#hand.next();
      if (next.done === true) {
        this.#hand = undefined;
        continue;
      }
      if (visit(next.value)) return true;
    }
    return false;
  }
}
