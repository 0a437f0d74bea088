import type { Timer } from "@holdfast/core";
import { type Parts, storeAt } from "../parts.js";
import type { Incarnation, Seen } from "./incarnation.js";
import type { Rooms } from "./rooms.js";

/** Part of a second by which chance keeps gateways from sweeping all at once, in milliseconds. */
const jitterMs = 250;
/** Dead incarnations waited for at a time. */
const maxWaiting = 64;
/** Channels of a stream swept at the same time. */
const concurrentSweeps = 16;

/**
 * Removes what dead incarnations left behind, once their grace period is over; it is measured here,
 * from when the lease was seen to have run out.
 */
export class Sweeper {
  readonly #parts: Parts;
  readonly #incarnation: Incarnation;
  readonly #rooms: Rooms;
  readonly #waiting = new Map<string, { seen: Seen; readonly timer: Timer }>();
  readonly #sweeping = new Set<Promise<void>>();
  #closed = false;

  constructor(parts: Parts, incarnation: Incarnation, rooms: Rooms) {
    this.#parts = parts;
    this.#incarnation = incarnation;
    this.#rooms = rooms;
  }

  /** Hears whose leases have run out. */
  overdue(those: readonly Seen[]): void {
    const now = new Map(those.map((seen) => [seen.name, seen]));
    for (const [name, waiting] of this.#waiting) {
      const seen = now.get(name);
      if (seen !== undefined) waiting.seen = seen;
      else {
        waiting.timer.cancel();
        this.#waiting.delete(name);
      }
    }
    for (const seen of those) {
      const { name } = seen;
      const own = name === this.#incarnation.name;
      if (own || this.#waiting.has(name) || this.#waiting.size >= maxWaiting) continue;
      const { clock, limits, random } = this.#parts;
      const delayMs = limits.presenceGraceMs + random.next() * jitterMs;
      const timer = clock.after(delayMs, () => {
        const sweep = this.#sweep(name).finally(() => this.#sweeping.delete(sweep));
        this.#sweeping.add(sweep);
      });
      this.#waiting.set(name, { seen, timer });
    }
  }

  /** Settles when nothing is being swept. */
  async quiet(): Promise<void> {
    await Promise.all(this.#sweeping);
  }

  close(): void {
    this.#closed = true;
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  /** What fails is tried again: as long as it is in the list, somebody will hear of it. */
  async #sweep(name: string): Promise<void> {
    const seen = this.#waiting.get(name)?.seen;
    try {
      if (seen === undefined || this.#closed) return;
      // Renewed meanwhile it lives, and keeps its members.
      if (!(await this.#incarnation.endOther(seen))) return;
      for (const { stream } of this.#parts.stores) await this.#sweepStream(stream, name);
      if (!this.#closed) await this.#incarnation.forget(name);
    } catch {
      // The engine is unreachable.
    } finally {
      this.#waiting.delete(name);
    }
  }

  async #sweepStream(stream: number, name: string): Promise<void> {
    const { subjects } = this.#parts;
    const store = storeAt(this.#parts, stream);
    const held = subjects.held(stream, name, "*");
    const channels = (await store.lasts(held)).map(({ subject }) => subjects.channelOf(subject));
    for (let from = 0; from < channels.length; from += concurrentSweeps) {
      const some = channels.slice(from, from + concurrentSweeps);
      await Promise.all(some.map((channel) => this.#rooms.sweep(channel, name)));
    }
    if (channels.length > 0) await store.purge(held);
  }
}
