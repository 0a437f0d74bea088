import type { Gauge } from "@holdfast/core";

/** Whoever keeps a state that can be had again. */
export interface StateHolder {
  /** Lets the state go. */
  evict(): void;
}

/** What the states kept by the whole process may cost; past it, those unused for longest are let go. */
export class StateMemory {
  readonly #maxBytes: number;
  readonly #gauge: Gauge;
  /** Longest unused first. */
  readonly #held = new Map<StateHolder, number>();
  #bytes = 0;

  constructor(maxBytes: number, gauge: Gauge) {
    this.#maxBytes = maxBytes;
    this.#gauge = gauge;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Counts what a holder keeps now; others may be evicted for it. */
  hold(holder: StateHolder, bytes: number): void {
    this.#bytes += bytes - (this.#held.get(holder) ?? 0);
    this.#held.set(holder, bytes);
    while (this.#bytes > this.#maxBytes) {
      const victim = this.#longestUnused(holder);
      if (victim === undefined) break;
      this.release(victim);
      victim.evict();
    }
    this.#gauge.set(this.#bytes);
  }

  /** The holder's state was of use. */
  touch(holder: StateHolder): void {
    const bytes = this.#held.get(holder);
    if (bytes === undefined) return;
    this.#held.delete(holder);
    this.#held.set(holder, bytes);
  }

  /** The holder keeps nothing any more. */
  release(holder: StateHolder): void {
    this.#bytes -= this.#held.get(holder) ?? 0;
    this.#held.delete(holder);
    this.#gauge.set(this.#bytes);
  }

  #longestUnused(but: StateHolder): StateHolder | undefined {
    for (const holder of this.#held.keys()) if (holder !== but) return holder;
    return undefined;
  }
}
