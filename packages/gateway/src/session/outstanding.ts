/**
 * The ids of the requests of one connection that have not been answered. Most connections have one at a
 * time, which needs no set.
 */
export class Outstanding {
  /** 0: none; ids begin at 1. */
  #one = 0;
  #more: Set<number> | undefined;

  get size(): number {
    return (this.#one === 0 ? 0 : 1) + (this.#more?.size ?? 0);
  }

  has(id: number): boolean {
    return id === this.#one || this.#more?.has(id) === true;
  }

  add(id: number): void {
    if (this.#one === 0) this.#one = id;
    else if (id !== this.#one) {
      this.#more ??= new Set();
      this.#more.add(id);
    }
  }

  delete(id: number): void {
    if (id === this.#one) this.#one = 0;
    else if (this.#more?.delete(id) === true && this.#more.size === 0) this.#more = undefined;
  }
}
