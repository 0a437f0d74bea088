import type { Clock } from "@holdfast/core";
import { EngineError } from "../engines.js";
import { textKey } from "./keys.js";
import type { Sync } from "./lmdb-store.js";
import { CommitError, type Table, type Tables } from "./store.js";

const format = 1;
const storeKey = textKey("store");
const tickKey = textKey("tick");
const ownerKey = textKey("owner");

/** What a store says of itself. */
export interface StoreFact {
  readonly format: number;
  /** Unguessable name of the store. */
  readonly id: string;
  readonly partitions: number;
  readonly sync: Sync;
  /** Counts the lives of the store: those whose continuity could not be proven end with it. */
  readonly generation: number;
  /** How often it has been opened. */
  readonly opened: number;
  /** Whether it was closed in good order. */
  readonly isClosed: boolean;
  /** Which boot of the machine it was last opened in; absent where that cannot be told. */
  readonly bootId?: string;
  /** Which file it is; absent where that cannot be told. */
  readonly fileId?: string;
}

/** What moves with every transaction. */
interface Tick {
  readonly timeMs: number;
  /** Numbers up to here have been given. */
  readonly numbers: number;
}

/** Reads what a store says of itself. Throws EngineError when it is not a store of this version. */
export function readStoreFact(facts: Table<unknown>): StoreFact | undefined {
  const fact = facts.get(storeKey);
  if (fact === undefined) return undefined;
  if (typeof fact !== "object" || fact === null || !("format" in fact)) {
    throw new EngineError("The store's own record is damaged; restore the folder from a backup.");
  }
  if (fact.format !== format) {
    throw new EngineError(
      `The store has format ${String(fact.format)} and this version reads ${format}: use the version that made it.`,
    );
  }
  return fact as StoreFact;
}

/** The store's own record while it is open; its owner writes it and nobody else. */
export class StoreFacts {
  readonly #facts: Table<unknown>;
  readonly #owner: string;
  readonly #fact: StoreFact;
  #tick: Tick;
  #numbers: number;

  constructor(tables: Tables, fact: StoreFact, owner: string) {
    this.#facts = tables.facts;
    this.#fact = fact;
    this.#owner = owner;
    this.#tick = (tables.facts.get(tickKey) as Tick | undefined) ?? { timeMs: 0, numbers: 0 };
    this.#numbers = this.#tick.numbers;
  }

  get generation(): number {
    return this.#fact.generation;
  }

  /** The store's time at its last transaction. */
  get timeMs(): number {
    return this.#tick.timeMs;
  }

  /** A number never given before; kept by the transaction it is given in. */
  nextNumber(): number {
    this.#numbers += 1;
    this.#facts.put(tickKey, { ...this.#tick, numbers: this.#numbers });
    return this.#numbers;
  }

  /** Within the first transaction: the store is this process's own from now on. */
  take(): void {
    this.#facts.put(storeKey, this.#fact);
    this.#facts.put(ownerKey, this.#owner);
  }

  /**
   * Begins a transaction at a time. Throws when another process has opened the store since, which
   * its lock should have prevented: the one that came later is right.
   */
  begin(nowMs: number): void {
    if (this.#facts.get(ownerKey) !== this.#owner) {
      throw new CommitError("another process has opened the store; this one must stop");
    }
    this.#tick = { timeMs: Math.max(nowMs, this.#tick.timeMs), numbers: this.#numbers };
    this.#facts.put(tickKey, this.#tick);
  }

  /** Within the last transaction: nothing is left open. */
  noteClosed(): void {
    this.#facts.put(storeKey, { ...this.#fact, isClosed: true });
  }
}

/**
 * The time that entries and keys age by: that of the wall clock when the store was opened, or the
 * last it saw if that is later, and from then on monotonic. A clock that jumps ages nothing.
 */
export class StoreTime {
  readonly #clock: Clock;
  readonly #baseMs: number;

  constructor(clock: Clock, lastMs: number) {
    this.#clock = clock;
    this.#baseMs = Math.max(clock.wallMs(), lastMs) - clock.monoMs();
  }

  nowMs(): number {
    return this.#baseMs + this.#clock.monoMs();
  }
}
