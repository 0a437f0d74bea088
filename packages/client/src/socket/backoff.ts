import type { Random } from "@holdfast/core";

/** Exponential delays with full jitter: attempt n waits a random part of min(cap, first · 2ⁿ⁻¹). */
export class Backoff {
  readonly #random: Random;
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(random: Random, minMs: number, maxMs: number) {
    this.#random = random;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** Consecutive failures so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and gives the delay before the next try, in whole milliseconds. */
  next(advice: { readonly retryAfterMs?: number; readonly spreadMs?: number } = {}): number {
    // 2³⁰ is past every sensible cap; the exponent must not grow without bound.
    const ceilingMs = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const jitteredMs = this.#random.next() * ceilingMs;
    if (advice.retryAfterMs === undefined) return Math.ceil(jitteredMs);
    const advisedMs = advice.retryAfterMs + this.#random.next() * (advice.spreadMs ?? 0);
    // A gateway that refuses again and again with the same advice is still backed off from.
    return Math.ceil(Math.max(advisedMs, this.#failures > 1 ? jitteredMs : 0));
  }

  reset(): void {
    this.#failures = 0;
  }
}
