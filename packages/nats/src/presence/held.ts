import { type Parts, storeAt } from "../parts.js";
import type { Incarnation } from "./incarnation.js";

/** Channels let go of in one go; the others wait for the next. */
const maxReleased = 100;

/** A stream as it was when the channels were made known; another one once that may be lost. */
export interface Holding {
  readonly name: string;
  readonly channels: Set<string>;
}

/**
 * The channels that the streams know this incarnation to have members in: whoever sweeps it one day
 * finds its members by them.
 */
export class Held {
  readonly #parts: Parts;
  readonly #incarnation: Incarnation;
  readonly #holdings = new Map<number, Holding>();

  constructor(parts: Parts, incarnation: Incarnation) {
    this.#parts = parts;
    this.#incarnation = incarnation;
  }

  /** Makes the channel known, before it has a member. What it returns stands until that may be lost. */
  async hold(channel: string): Promise<Holding> {
    const { subjects } = this.#parts;
    const { name } = this.#incarnation;
    const stream = subjects.streamOf(channel);
    const holding = this.#of(stream, name);
    if (!holding.channels.has(channel)) {
      const subject = subjects.held(stream, name, channel);
      await storeAt(this.#parts, stream).put(subject, "1", { replaces: true });
      holding.channels.add(channel);
    }
    return holding;
  }

  /** What was entered under `holding` need not be entered again. */
  stands(channel: string, holding: Holding): boolean {
    const current = this.#holdings.get(this.#parts.subjects.streamOf(channel));
    return current === holding && holding.name === this.#incarnation.name;
  }

  /** Forgets what was made known, in a stream or in all. */
  forget(stream?: number): void {
    if (stream === undefined) this.#holdings.clear();
    else this.#holdings.delete(stream);
  }

  /** Lets go of what is not `used`. Rejects with a StoreError. */
  async keep(used: ReadonlySet<string>): Promise<void> {
    const { subjects } = this.#parts;
    for (const [stream, { name, channels }] of this.#holdings) {
      const idle = [...channels].filter((channel) => !used.has(channel)).slice(0, maxReleased);
      for (const channel of idle) {
        // Before it is asked for: who enters meanwhile makes the channel known again.
        channels.delete(channel);
        await storeAt(this.#parts, stream).purge(subjects.held(stream, name, channel));
      }
    }
  }

  #of(stream: number, name: string): Holding {
    const known = this.#holdings.get(stream);
    if (known?.name === name) return known;
    const holding = { name, channels: new Set<string>() };
    this.#holdings.set(stream, holding);
    return holding;
  }
}
