import { RingBuffer } from "./ring-buffer.js";

/** First in, first out, with a bound: a full queue refuses instead of growing or dropping. */
export class BoundedQueue<T> {
  readonly #ring: RingBuffer<T>;

  /** Throws `RangeError` unless `capacity` is a positive integer. */
  constructor(capacity: number) {
    this.#ring = new RingBuffer(capacity);
  }

  /** Items waiting. */
  get length(): number {
    return this.#ring.length;
  }

  /** Items the queue holds at most. */
  get capacity(): number {
    return this.#ring.capacity;
  }

  /** true when the next `push` would be refused. */
  get isFull(): boolean {
    return this.#ring.length === this.#ring.capacity;
  }

  /** Adds an item at the end; false, and nothing happens, when the queue is full. */
  push(item: T): boolean {
    if (this.isFull) return false;
    this.#ring.push(item);
    return true;
  }

  /** Takes the item that waited longest; `undefined` when there is none. */
  shift(): T | undefined {
    return this.#ring.shift();
  }

  /** The item `shift` would take. */
  peek(): T | undefined {
    return this.#ring.at(0);
  }

  /** Drops everything that waits. */
  clear(): void {
    this.#ring.clear();
  }

  /** From the longest waiting; the queue must not change meanwhile. */
  [Symbol.iterator](): Generator<T, void, undefined> {
    return this.#ring[Symbol.iterator]();
  }
}
