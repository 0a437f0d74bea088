const windowMs = 1_000;

/** The most that happened within any one second. */
export class Rate {
  #atMs: number[] = [];
  #from = 0;
  #peak = 0;

  get peak(): number {
    return this.#peak;
  }

  /** Something happened; times never go back. */
  add(atMs: number): void {
    this.#atMs.push(atMs);
    while ((this.#atMs[this.#from] ?? atMs) <= atMs - windowMs) this.#from += 1;
    this.#peak = Math.max(this.#peak, this.#atMs.length - this.#from);
  }
}
