/** A page's share of the budget; given back once, further calls do nothing. */
export type GiveBack = () => void;

/**
 * How many pages of history may be on their way from the engine to their readers in the whole
 * process. First come, first served; a replay holds at most one.
 */
export class PageBudget {
  readonly #maxPages: number;
  #held = 0;
  #waiting: ((giveBack: GiveBack) => void)[] = [];
  #next = 0;

  /** `maxBytes` in pages of `pageBytes`, at least one. */
  constructor(maxBytes: number, pageBytes: number) {
    this.#maxPages = Math.max(1, Math.floor(maxBytes / pageBytes));
  }

  /** Pages on their way. */
  get held(): number {
    return this.#held;
  }

  /** Calls back with a share as soon as one is free, possibly at once. */
  take(callback: (giveBack: GiveBack) => void): void {
    if (this.#held < this.#maxPages) this.#grant(callback);
    else this.#waiting.push(callback);
  }

  #grant(callback: (giveBack: GiveBack) => void): void {
    this.#held++;
    let given = false;
    callback(() => {
      if (given) return;
      given = true;
      this.#held--;
      this.#serveNext();
    });
  }

  #serveNext(): void {
    const callback = this.#waiting[this.#next];
    if (callback === undefined) return;
    this.#next++;
    if (this.#next > 1024 || this.#next === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    this.#grant(callback);
  }
}
