/** Counts what each of many names holds, and refuses the one too many. Names that hold nothing are forgotten. */
export class Tally {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  /** At most `max` per name; 0: no bound. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one in; false, and counts nothing, when the name holds as many as it may. */
  add(name: string): boolean {
    const count = this.#counts.get(name) ?? 0;
    if (this.#max > 0 && count >= this.#max) return false;
    this.#counts.set(name, count + 1);
    return true;
  }

  /** Counts out what `add` has counted in. */
  remove(name: string): void {
    const count = this.#counts.get(name) ?? 0;
    if (count > 1) this.#counts.set(name, count - 1);
    else this.#counts.delete(name);
  }

  /** Names that hold something. */
  get size(): number {
    return this.#counts.size;
  }
}
