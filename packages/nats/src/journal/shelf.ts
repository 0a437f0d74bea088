import type { Random } from "@holdfast/core";
import type { NatsLimits } from "../limits.js";
import type { StreamStore } from "../servers/store.js";
import type { Kind, Subjects } from "../subjects.js";
import type { Blobs } from "./blobs.js";
import { Journal } from "./journal.js";
import type { JournalType } from "./type.js";

/** What a shelf is made of. */
export interface ShelfOptions<State, Op> {
  readonly type: JournalType<State, Op>;
  readonly kind: Kind;
  readonly stores: readonly StreamStore[];
  readonly subjects: Subjects;
  readonly random: Random;
  readonly blobs: Blobs;
  readonly limits: NatsLimits;
  readonly nowMs: () => number;
}

/** The journals of one kind that are kept at hand, the most recently used ones. */
export class Shelf<State, Op> {
  readonly #options: ShelfOptions<State, Op>;
  /** In order of use. */
  readonly #journals = new Map<string, Journal<State, Op>>();

  constructor(options: ShelfOptions<State, Op>) {
    this.#options = options;
  }

  /** The journal of a name. */
  of(name: string): Journal<State, Op> {
    const known = this.#journals.get(name);
    if (known !== undefined) this.#journals.delete(name);
    const journal = known ?? this.#make(name);
    this.#journals.set(name, journal);
    if (known === undefined) this.#makeRoom();
    return journal;
  }

  /** The journal of a name, if it is at hand. */
  atHand(name: string): Journal<State, Op> | undefined {
    return this.#journals.get(name);
  }

  /** The journal of a name, for once: it is not kept at hand. */
  aside(name: string): Journal<State, Op> {
    return this.#journals.get(name) ?? this.#make(name);
  }

  /** The store that a name's journal lies in. */
  storeOf(name: string): StreamStore {
    const { stores, subjects } = this.#options;
    const store = stores[subjects.streamOf(name)];
    if (store === undefined) throw new Error(`no stream for ${name}`);
    return store;
  }

  /** Knows nothing of a stream's journals any more. */
  forget(stream: number): void {
    const { subjects } = this.#options;
    for (const [name, journal] of this.#journals) {
      if (subjects.streamOf(name) === stream) journal.forget();
    }
  }

  #make(name: string): Journal<State, Op> {
    const { type, kind, subjects, random, blobs, limits, nowMs } = this.#options;
    const { subject } = subjects.journal(name, kind);
    const { checkpointCount } = limits;
    return new Journal(type, {
      store: this.storeOf(name),
      subject,
      random,
      blobs,
      checkpointCount,
      nowMs,
    });
  }

  #makeRoom(): void {
    const { maxCachedChannels, maxCachedBytes } = this.#options.limits;
    let bytes = 0;
    if (this.#journals.size % 64 === 0) {
      for (const journal of this.#journals.values()) bytes += journal.weight;
    }
    for (const [name, journal] of this.#journals) {
      if (this.#journals.size <= maxCachedChannels && bytes <= maxCachedBytes) return;
      if (journal.busy > 0) continue;
      bytes -= journal.weight;
      this.#journals.delete(name);
    }
  }
}
