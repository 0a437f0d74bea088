/** A small start; it grows to as many as wait at once. */
const MIN_SLOTS = 64;

/** Numbers of connections that wait for their turn. Two arrays in turn, so that none is made for each. */
export class SlotQueue {
  #slots = new Int32Array(MIN_SLOTS);
  #spare = new Int32Array(MIN_SLOTS);
  #count = 0;

  /** How many wait. */
  get count(): number {
    return this.#count;
  }

  add(slot: number): void {
    const at = this.#count;
    if (at === this.#slots.length) this.#grow();
    this.#slots[at] = slot;
    this.#count = at + 1;
  }

  /** Those that wait; holds until the next call. One that was added twice is there twice. */
  all(): Int32Array {
    return this.#slots.subarray(0, this.#count);
  }

  /** Takes the first ones out, at most `max`; what it returns holds until the next call. */
  take(max: number): Int32Array {
    const slots = this.#slots;
    const taken = Math.min(max, this.#count);
    const rest = slots.subarray(taken, this.#count);
    const next = this.#spare.length < rest.length ? new Int32Array(slots.length) : this.#spare;
    next.set(rest);
    this.#slots = next;
    this.#spare = slots;
    this.#count = rest.length;
    return slots.subarray(0, taken);
  }

  #grow(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    slots.set(this.#slots);
    this.#slots = slots;
  }
}
