import type { PresenceView } from "@holdfast/broker";
import { type Entrant, Roster } from "@holdfast/broker/internal";
import type { Timer } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Parts } from "../parts.js";
import { Incarnation } from "./incarnation.js";
import { NatsRegistry } from "./registry.js";
import { Rooms } from "./rooms.js";
import { Sweeper } from "./sweeper.js";

/** Renewals of a lease in its length: others hear of a dead gateway that much later at most. */
const ticksPerLease = 20;
/** Ticks between two looks whether others still have this gateway's members. */
const ticksPerKeep = 4;
/** Pause between two looks for owners nobody knows, in milliseconds. */
const minLookPauseMs = 1_000;

/** One gateway's part in presence: its lease, its members, and the sweeping of the dead. */
export class Presence {
  readonly incarnation: Incarnation;
  readonly roster: Roster<Entrant>;
  readonly rooms: Rooms;
  readonly #parts: Parts;
  readonly #sweeper: Sweeper;
  #timer: Timer | undefined;
  #ticking: Promise<void> = Promise.resolve();
  #ticks = 0;
  #closed = false;
  #reclaimDue = false;
  #looking = false;
  #lookedMs = Number.NEGATIVE_INFINITY;
  /** Since when nothing of the leases was lost, as far as is known. */
  #watchedSinceMs: number;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.incarnation = new Incarnation(parts);
    this.rooms = new Rooms(parts);
    this.roster = new Roster({
      registry: new NatsRegistry(parts, this.incarnation, this.rooms),
      clock: parts.clock,
      graceMs: parts.limits.presenceGraceMs,
      leaseMs: parts.limits.presenceLeaseMs,
    });
    this.#sweeper = new Sweeper(parts, this.incarnation, this.rooms);
    this.#watchedSinceMs = parts.clock.monoMs();
  }

  /** Takes a lease and begins to renew it. Rejects with a StoreError. */
  async open(): Promise<void> {
    await this.incarnation.renew();
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

  /** A stream may have lost what it held. */
  lost(stream: number): void {
    if (stream === 0) this.#watchedSinceMs = this.#parts.clock.monoMs();
    this.rooms.shelf.forget(stream);
    this.roster.reclaim(stream);
  }

  /** Stops without a word; the lease runs out. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#sweeper.close();
    this.roster.close();
  }

  #schedule(): void {
    const everyMs = this.#parts.limits.presenceLeaseMs / ticksPerLease;
    this.#timer = this.#parts.clock.after(everyMs, () => {
      this.#ticking = this.#tick()
        .catch(() => {
          // Unreachable; when it is back, the lease stands or it does not.
        })
        .finally(() => {
          if (!this.#closed) this.#schedule();
        });
    });
  }

  async #tick(): Promise<void> {
    if (!this.#parts.commands.available) return;
    if (!(await this.incarnation.renew())) {
      // Before the name changes: should the answer get lost, the members are still to be registered.
      this.#reclaimDue = true;
      this.incarnation.begin();
      await this.incarnation.renew();
    }
    if (this.#closed) return;
    if (this.#reclaimDue) {
      this.roster.reclaim();
      this.#reclaimDue = false;
    }
    this.roster.sayUnsaid();
    this.#ticks += 1;
    if (this.#ticks % ticksPerKeep === 0) await this.roster.keep();
    const seen = await this.incarnation.look();
    if (!this.#closed) this.#sweeper.overdue(seen.filter(({ over }) => over));
  }

  /** Settles when nothing is under way. */
  async quiet(): Promise<void> {
    await this.#ticking;
    await this.#sweeper.quiet();
    await this.roster.quiet();
  }

  /**
   * Takes members out whose owner nobody knows: a gateway that was held up for long may have
   * entered them after it had been swept. While the leases themselves may have been lost, the
   * living have the time of a lease and a grace period to register again.
   */
  async #heal(channel: string, owners: readonly string[]): Promise<void> {
    const { clock, limits } = this.#parts;
    const nowMs = clock.monoMs();
    if (this.#looking || nowMs - this.#lookedMs < minLookPauseMs) return;
    this.#looking = true;
    this.#lookedMs = nowMs;
    try {
      const known = new Set((await this.incarnation.look()).map(({ name }) => name));
      const watchedMs = nowMs - this.#watchedSinceMs;
      if (watchedMs <= limits.presenceLeaseMs + limits.presenceGraceMs) return;
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
