import type { Clock, Random, Timer } from "@holdfast/core";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import { forgetLeaseScript } from "../scripts/presence.js";
import { listOf, textOf } from "../servers/replies.js";
import type { Servers } from "../servers/servers.js";
import type { Rooms } from "./rooms.js";

/** Part of a second by which chance keeps gateways from sweeping all at once, in milliseconds. */
const jitterMs = 250;
/** Dead incarnations waited for at a time. */
const maxWaiting = 64;
/** Channels of a partition swept at the same time. */
const concurrentSweeps = 16;

/** What a sweeper is made of. */
export interface SweeperOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly rooms: Rooms;
  /** A dead incarnation's members have been taken out; its lease goes when this settles. */
  readonly swept: (incarnation: string) => Promise<void>;
}

/**
 * Removes what dead incarnations left behind. That a lease ran out is the server's judgement; the
 * grace period after it is measured here, by a clock that does not jump: when the server's does,
 * every lease seems to have run out, and the living have that long to register again.
 */
export class Sweeper {
  readonly #options: SweeperOptions;
  readonly #waiting = new Map<string, Timer>();
  #closed = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
  }

  /** Hears whose leases have run out; they are swept once their grace period is over. */
  overdue(names: readonly string[], self: string): void {
    const now = new Set(names);
    for (const [name, timer] of this.#waiting) {
      if (now.has(name)) continue;
      timer.cancel();
      this.#waiting.delete(name);
    }
    for (const name of names) {
      if (name === self || this.#waiting.has(name) || this.#waiting.size >= maxWaiting) continue;
      const { clock, limits, random } = this.#options;
      const delayMs = limits.presenceGraceMs + random.next() * jitterMs;
      const timer = clock.after(delayMs, () => void this.#sweep(name));
      this.#waiting.set(name, timer);
    }
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  /** What fails is tried again: as long as its lease is in the list, somebody will hear of it. */
  async #sweep(name: string): Promise<void> {
    const { keys, servers, swept } = this.#options;
    try {
      const all = Array.from({ length: keys.partitions }, (_, partition) => partition);
      await Promise.all(all.map((partition) => this.#sweepPartition(partition, name)));
      if (this.#closed) return;
      await swept(name);
      await servers.run(forgetLeaseScript, [keys.leases], [name]);
    } catch {
      // The engine is unreachable.
    } finally {
      this.#waiting.delete(name);
    }
  }

  async #sweepPartition(partition: number, name: string): Promise<void> {
    const { keys, servers, rooms } = this.#options;
    const held = keys.held(partition, name);
    const channels = listOf(await servers.command("SMEMBERS", held)).map(textOf);
    for (let from = 0; from < channels.length; from += concurrentSweeps) {
      const some = channels.slice(from, from + concurrentSweeps);
      await Promise.all(some.map((channel) => rooms.sweep(channel, name)));
    }
    if (channels.length > 0) await servers.command("DEL", held);
  }
}
