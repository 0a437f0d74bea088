import type { Random } from "../random.js";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const rotateLeft = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits));

/** SplitMix32: spreads one seed over the generator's state, which must not be all zero. */
function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return z ^ (z >>> 15);
  };
}

/** Chance that repeats: xoshiro128** (Blackman and Vigna). The same seed gives the same sequence. */
export class SeededRandom implements Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** `seed` is any number; its low and high 32 bits both count. */
  constructor(seed: number) {
    const fill = splitmix32((seed | 0) ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b));
    this.#a = fill();
    this.#b = fill();
    this.#c = fill();
    this.#d = fill() || 1;
  }

  /** The next 32 random bits as an unsigned integer. */
  uint32(): number {
    const result = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return result >>> 0;
  }

  /** A number in [0, 1) with 53 random bits. */
  next(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 0x4000000 + low) / 2 ** 53;
  }

  /** `length` characters of `[A-Za-z0-9_-]`; guessable, unlike the platform's. */
  id(length: number): string {
    let text = "";
    while (text.length < length) text += alphabet.charAt(this.uint32() >>> 26);
    return text;
  }

  /** An integer in [0, below). */
  int(below: number): number {
    return Math.floor(this.next() * below);
  }

  /** true with the given probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of the items. Throws `RangeError` when there are none. */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("nothing to pick from");
    return items[this.int(items.length)] as T;
  }

  /** A generator of its own, so that one part's use of chance does not shift another's. */
  fork(): SeededRandom {
    // The whole state: among many forks of one 32-bit seed each, two would soon be alike.
    const fork = new SeededRandom(0);
    fork.#a = this.uint32();
    fork.#b = this.uint32();
    fork.#c = this.uint32();
    fork.#d = this.uint32() || 1;
    return fork;
  }
}
