import type { Clock } from "./clock.js";

/** How a `TokenBucket` fills. */
export interface TokenBucketOptions {
  /** Tokens that come back per second. */
  readonly perSecond: number;
  /** Tokens the bucket holds at most, and holds at first. */
  readonly burst: number;
}

/** A rate with a burst. Needs no timer and allocates nothing when tokens are taken. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #filledAtMs: number;

  /** Throws `RangeError` unless both options are positive and finite. */
  constructor(clock: Clock, { perSecond, burst }: TokenBucketOptions) {
    if (!(perSecond > 0) || !(burst > 0) || !Number.isFinite(perSecond + burst)) {
      throw new RangeError("perSecond and burst must be positive numbers");
    }
    this.#clock = clock;
    this.#perMs = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAtMs = clock.monoMs();
  }

  /** Takes `cost` tokens; false, and takes none, when there are not enough. */
  take(cost = 1): boolean {
    this.#fill();
    if (cost > this.#tokens) return false;
    this.#tokens -= cost;
    return true;
  }

  /**
   * Milliseconds, rounded up, until `cost` tokens are there if nobody else takes any; 0 when they
   * are, `Infinity` when `cost` exceeds the burst.
   */
  waitMs(cost = 1): number {
    this.#fill();
    if (cost > this.#burst) return Number.POSITIVE_INFINITY;
    return cost <= this.#tokens ? 0 : Math.ceil((cost - this.#tokens) / this.#perMs);
  }

  /** Tokens there now. */
  get tokens(): number {
    this.#fill();
    return this.#tokens;
  }

  #fill(): void {
    const nowMs = this.#clock.monoMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (nowMs - this.#filledAtMs) * this.#perMs);
    this.#filledAtMs = nowMs;
  }
}
