/**
 * A set of offsets kept as sorted, disjoint ranges: constant memory for the usual case of a
 * stream without holes, a binary search for the rest.
 */
export class OffsetRanges {
  readonly #first: number[] = [];
  readonly #last: number[] = [];

  /** Adds an offset; false when it was already there. */
  add(offset: number): boolean {
    const at = this.#rangeBefore(offset);
    const last = this.#last[at];
    if (last !== undefined && offset <= last) return false;
    const joinsLeft = last !== undefined && last + 1 === offset;
    const joinsRight = this.#first[at + 1] === offset + 1;
    if (joinsLeft && joinsRight) {
      this.#last[at] = this.#last[at + 1] ?? offset;
      this.#first.splice(at + 1, 1);
      this.#last.splice(at + 1, 1);
    } else if (joinsLeft) {
      this.#last[at] = offset;
    } else if (joinsRight) {
      this.#first[at + 1] = offset;
    } else {
      this.#first.splice(at + 1, 0, offset);
      this.#last.splice(at + 1, 0, offset);
    }
    return true;
  }

  has(offset: number): boolean {
    const last = this.#last[this.#rangeBefore(offset)];
    return last !== undefined && offset <= last;
  }

  /** The smallest offset ≥ `from` that is not in the set. */
  firstMissing(from: number): number {
    const last = this.#last[this.#rangeBefore(from)];
    return last !== undefined && from <= last ? last + 1 : from;
  }

  /** Index of the last range that begins at or before `offset`; -1 when there is none. */
  #rangeBefore(offset: number): number {
    let low = 0;
    let high = this.#first.length;
    const newest = this.#first[high - 1];
    if (newest !== undefined && newest <= offset) return high - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = this.#first[middle];
      if (first !== undefined && first <= offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
