/**
 * The ids of the requests of each connection that have not been answered, by the connection's number. Most
 * have one at a time, which needs no set.
 */
export class Outstanding {
  /** By slot; 0: none, for ids begin at 1. */
  readonly #one: number[] = [];
  readonly #more = new Map<number, Set<number>>();

  /** The connection that has this number next begins with none. */
  clear(slot: number): void {
    this.#one[slot] = 0;
    this.#more.delete(slot);
  }

  size(slot: number): number {
    return (this.#one[slot] === 0 ? 0 : 1) + (this.#more.get(slot)?.size ?? 0);
  }

  has(slot: number, id: number): boolean {
    return id === this.#one[slot] || this.#more.get(slot)?.has(id) === true;
  }

  /** Adds one that it does not have. */
  add(slot: number, id: number): void {
    if (this.#one[slot] === 0) this.#one[slot] = id;
    else this.#set(slot).add(id);
  }

  delete(slot: number, id: number): void {
    if (id === this.#one[slot]) {
      this.#one[slot] = 0;
      return;
    }
    const more = this.#more.get(slot);
    if (more?.delete(id) === true && more.size === 0) this.#more.delete(slot);
  }

  #set(slot: number): Set<number> {
    const known = this.#more.get(slot);
    if (known !== undefined) return known;
    const more = new Set<number>();
    this.#more.set(slot, more);
    return more;
  }
}
