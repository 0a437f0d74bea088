import type { PresenceView } from "@holdfast/broker";
import { Roster } from "@holdfast/broker/internal";
import type { Clock, Random, Timer } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import type { Servers } from "../servers/servers.js";
import { Held } from "./held.js";
import { Incarnation } from "./incarnation.js";
import { RedisRegistry } from "./registry.js";
import { type EncodedEntrant, Rooms } from "./rooms.js";
import { Sweeper } from "./sweeper.js";

/** Renewals of a lease in its length: others hear of a dead gateway that much later at most. */
const ticksPerLease = 60;
/** Ticks between two looks whether the servers still have this gateway's members. */
const ticksPerKeep = 8;
/** Pause between two looks for owners nobody knows, in milliseconds. */
const minLookPauseMs = 1_000;

/** What presence is made of. */
export interface PresenceOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly hooks: PresenceHooks;
}

/** What else hangs on a gateway's lease. */
export interface PresenceHooks {
  /** The gateway has a new incarnation. */
  renamed(): Promise<void>;
  /** Time to look whether the servers still have what they were told. */
  keep(): Promise<void>;
  /** A dead incarnation's members have been taken out. */
  swept(incarnation: string): Promise<void>;
}

/** One gateway's part in presence: its lease, its members, and the sweeping of the dead. */
export class Presence {
  readonly incarnation: Incarnation;
  readonly roster: Roster<EncodedEntrant>;
  readonly rooms: Rooms;
  readonly #options: PresenceOptions;
  readonly #sweeper: Sweeper;
  #timer: Timer | undefined;
  #ticks = 0;
  #closed = false;
  #reclaimDue = false;
  #looking = false;
  #lookedMs = Number.NEGATIVE_INFINITY;

  constructor(options: PresenceOptions) {
    const { servers, keys, limits, clock, random } = options;
    this.#options = options;
    this.incarnation = new Incarnation(servers, keys, limits, random);
    this.rooms = new Rooms(servers, keys, limits, random);
    const { incarnation, rooms } = this;
    const held = new Held(servers, keys, incarnation, (lost) => this.roster.reclaim(lost));
    this.roster = new Roster({
      registry: new RedisRegistry({ keys, incarnation, rooms, held }),
      clock,
      graceMs: limits.presenceGraceMs,
      leaseMs: limits.presenceLeaseMs,
    });
    this.#sweeper = new Sweeper({
      servers,
      keys,
      limits,
      clock,
      random,
      rooms,
      swept: options.hooks.swept,
    });
  }

  /** Takes a lease and begins to renew it. */
  async open(): Promise<void> {
    await this.incarnation.register();
    this.#schedule();
  }

  async view(channel: string, maxMembers: number): Promise<PresenceView | Failure> {
    try {
      const { view, owners } = await this.rooms.read(channel, maxMembers);
      const others = [...owners].filter((owner) => owner !== this.incarnation.name);
      if (others.length > 0) void this.#heal(channel, others);
      return view;
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Stops without a word; the lease runs out. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#sweeper.close();
    this.roster.close();
  }

  #schedule(): void {
    const everyMs = this.#options.limits.presenceLeaseMs / ticksPerLease;
    this.#timer = this.#options.clock.after(everyMs, () => {
      this.#tick()
        .catch(() => {
          // Unreachable; when it is back, the lease stands or it does not.
        })
        .finally(() => {
          if (!this.#closed) this.#schedule();
        });
    });
  }

  async #tick(): Promise<void> {
    const { servers } = this.#options;
    if (!servers.available) return;
    this.#ticks += 1;
    const news = await this.incarnation.renew();
    if (this.#closed) return;
    this.#sweeper.overdue(news.overdue, this.incarnation.name);
    if (!news.stands) {
      // Before the name changes: should the answer get lost, the members are still to be registered.
      this.#reclaimDue = true;
      await this.incarnation.begin();
    }
    if (this.#reclaimDue) {
      this.roster.reclaim();
      this.#reclaimDue = false;
      await this.#options.hooks.renamed();
    }
    this.roster.sayUnsaid();
    if (this.#ticks % ticksPerKeep !== 0) return;
    await this.roster.keep();
    await this.#options.hooks.keep();
  }

  /**
   * Takes members out whose owner nobody knows: a gateway that was held up for long may have
   * entered them after it had been swept. While the leases themselves may have been lost, the
   * living have the time of a lease and a grace period to register again.
   */
  async #heal(channel: string, owners: readonly string[]): Promise<void> {
    const nowMs = this.#options.clock.monoMs();
    if (this.#looking || nowMs - this.#lookedMs < minLookPauseMs) return;
    this.#looking = true;
    this.#lookedMs = nowMs;
    try {
      const { all, watchedMs } = await this.incarnation.look();
      const { presenceLeaseMs, presenceGraceMs } = this.#options.limits;
      if (watchedMs <= presenceLeaseMs + presenceGraceMs) return;
      const known = new Set(all);
      for (const owner of owners) {
        if (!known.has(owner) && !this.#closed) await this.rooms.sweep(channel, owner);
      }
    } catch {
      // Unreachable: the next look heals.
    } finally {
      this.#looking = false;
    }
  }
}
