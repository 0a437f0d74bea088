import type { Encoded } from "./encoded.js";

interface Slot {
  readonly id: string;
  readonly encoded: Encoded;
  /** What it counts for; to fetch it from an entry of long ago would cost more than anything else here. */
  readonly bytes: number;
}

/**
 * The most recent entries of one channel and epoch, without holes, bounded in number and bytes.
 * It bridges a replay and the live stream: a cursor that is inside the ring needs no history read.
 */
export class EntryRing {
  readonly #slots: (Slot | undefined)[];
  readonly #maxBytes: number;
  #first = 1;
  #count = 0;
  #bytes = 0;

  constructor(maxEntries: number, maxBytes: number) {
    this.#slots = new Array(maxEntries);
    this.#maxBytes = maxBytes;
  }

  /** Oldest offset held; meaningless when empty. */
  get first(): number {
    return this.#first;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds the next entry; one that does not follow the newest held begins the ring anew. */
  push(offset: number, id: string, encoded: Encoded): void {
    if (this.#count > 0 && offset !== this.#first + this.#count) this.clear();
    if (this.#count === 0) this.#first = offset;
    if (this.#count === this.#slots.length) this.#dropOldest();
    const bytes = encoded.size;
    this.#slots[offset % this.#slots.length] = { id, encoded, bytes };
    this.#count++;
    this.#bytes += bytes;
    while (this.#bytes > this.#maxBytes && this.#count > 1) this.#dropOldest();
  }

  /** The entry at an offset, where the ring still holds it. */
  at(offset: number): Slot | undefined {
    if (offset < this.#first || offset >= this.#first + this.#count) return undefined;
    return this.#slots[offset % this.#slots.length];
  }

  clear(): void {
    if (this.#count === 0) return;
    this.#slots.fill(undefined);
    this.#count = 0;
    this.#bytes = 0;
  }

  #dropOldest(): void {
    const index = this.#first % this.#slots.length;
    this.#bytes -= this.#slots[index]?.bytes ?? 0;
    this.#slots[index] = undefined;
    this.#first++;
    this.#count--;
  }
}
