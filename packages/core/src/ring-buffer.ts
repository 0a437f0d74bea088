/**
 * The newest `capacity` items of a sequence; adding to a full one drops the oldest.
 * Storage grows with use up to the capacity, so that many mostly empty buffers cost little.
 */
export class RingBuffer<T> {
  readonly capacity: number;
  #items: (T | undefined)[] = [];
  /** Slot of the oldest item. */
  #head = 0;
  #length = 0;

  /** Throws `RangeError` unless `capacity` is a positive integer. */
  constructor(capacity: number) {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`capacity must be a positive integer, not ${capacity}`);
    }
    this.capacity = capacity;
  }

  /** Items held. */
  get length(): number {
    return this.#length;
  }

  /** Adds the newest item; returns the oldest one when it had to make room. */
  push(item: T): T | undefined {
    if (this.#length === this.capacity) {
      const dropped = this.#items[this.#head];
      this.#items[this.#head] = item;
      this.#head = this.#head + 1 === this.capacity ? 0 : this.#head + 1;
      return dropped;
    }
    if (this.#length === this.#items.length) this.#grow();
    this.#items[this.#slot(this.#length)] = item;
    this.#length++;
    return undefined;
  }

  /** Takes the oldest item; `undefined` when there is none. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const item = this.#items[this.#head];
    // Let go of the item, or it lives until its slot is used again.
    this.#items[this.#head] = undefined;
    this.#head = this.#slot(1);
    this.#length--;
    return item;
  }

  /** The item at `index`, 0 is the oldest; negative indexes count back from the newest. */
  at(index: number): T | undefined {
    const fromOldest = index < 0 ? this.#length + index : index;
    if (fromOldest < 0 || fromOldest >= this.#length) return undefined;
    return this.#items[this.#slot(fromOldest)];
  }

  /** Drops all items and their storage. */
  clear(): void {
    this.#items = [];
    this.#head = 0;
    this.#length = 0;
  }

  /** From oldest to newest; the buffer must not change meanwhile. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let index = 0; index < this.#length; index++) {
      yield this.#items[this.#slot(index)] as T;
    }
  }

  #slot(index: number): number {
    const slot = this.#head + index;
    return slot >= this.#items.length ? slot - this.#items.length : slot;
  }

  #grow(): void {
    const size = Math.min(this.capacity, Math.max(8, this.#items.length * 2));
    const items = new Array<T | undefined>(size);
    for (let index = 0; index < this.#length; index++) {
      items[index] = this.#items[this.#slot(index)];
    }
    this.#items = items;
    this.#head = 0;
  }
}
