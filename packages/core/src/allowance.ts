import type { Clock } from "./clock.js";

/**
 * A rate with a burst whose state is one number, for when there are very many of them: the time of the
 * monotonic clock at which the bucket will be full. Whoever owns a bucket keeps that number; 0 is a full one.
 */
export class Allowance {
  readonly #clock: Clock;
  readonly #msPerToken: number;
  readonly #burst: number;

  /** Throws `RangeError` unless `perSecond` and `burst` are positive and finite. */
  constructor(clock: Clock, perSecond: number, burst: number) {
    if (!(perSecond > 0) || !(burst > 0) || !Number.isFinite(perSecond + burst)) {
      throw new RangeError("perSecond and burst must be positive numbers");
    }
    this.#clock = clock;
    this.#msPerToken = 1000 / perSecond;
    this.#burst = burst;
  }

  /**
   * Milliseconds, rounded up, until `cost` tokens are in the bucket that is full at `fullAtMs`; 0 when
   * they are, `Infinity` when `cost` exceeds the burst.
   */
  waitMs(fullAtMs: number, cost: number): number {
    if (cost > this.#burst) return Number.POSITIVE_INFINITY;
    const missingMs = fullAtMs - this.#clock.monoMs();
    const spareMs = (this.#burst - cost) * this.#msPerToken;
    // A millionth: sums of fractions must not make a wait that was waited for too short.
    return missingMs <= spareMs + 1e-6 ? 0 : Math.ceil(missingMs - spareMs - 1e-6);
  }

  /** When the bucket is full once `cost` tokens were taken out. */
  after(fullAtMs: number, cost: number): number {
    return Math.max(fullAtMs, this.#clock.monoMs()) + cost * this.#msPerToken;
  }
}
