/** A number of 32 bits; 0 stands for none. */
const MAX_REF = 0xffff_ffff;

/**
 * The numbers that stand for the channels of this process in binary codecs. A channel has one as long as
 * it is followed, and so as long as anybody is subscribed to it: until then no other channel gets it, and
 * after that every subscriber is told of the new one before it is used.
 */
export class ChannelRefs {
  readonly #taken = new Set<number>();
  readonly #max: number;
  #last = 0;

  constructor(max = MAX_REF) {
    this.#max = max;
  }

  /** A number that no channel has. There are more of them than a process can follow channels. */
  take(): number {
    if (this.#taken.size >= this.#max) throw new Error(`${this.#max} channels are followed`);
    do this.#last = (this.#last % this.#max) + 1;
    while (this.#taken.has(this.#last));
    this.#taken.add(this.#last);
    return this.#last;
  }

  giveBack(ref: number): void {
    this.#taken.delete(ref);
  }
}
