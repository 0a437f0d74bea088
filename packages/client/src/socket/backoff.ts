import type { Clock, Random, Timer } from "@holdfast/core";

/** How long to wait before the next try, as the gateway has it. */
export interface Advice {
  readonly retryAfterMs?: number;
  readonly spreadMs?: number;
}

/**
 * Exponential delays with full jitter: attempt n waits a random part of min(cap, first · 2ⁿ⁻¹).
 * Has one timer, so that never more than one next step waits.
 */
export class Backoff {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;
  #timer: Timer | undefined;

  constructor(
    { clock, random }: { readonly clock: Clock; readonly random: Random },
    minMs: number,
    maxMs: number,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** Consecutive failures so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Something waits. */
  get waiting(): boolean {
    return this.#timer !== undefined;
  }

  /** Counts a failure and tries again after a delay, which it returns in whole milliseconds. */
  retry(again: () => void, { retryAfterMs, spreadMs = 0 }: Advice = {}): number {
    // 2³⁰ is past every sensible cap; the exponent must not grow without bound.
    const ceilingMs = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    let delayMs = this.#random.next() * ceilingMs;
    if (retryAfterMs !== undefined) {
      const advisedMs = retryAfterMs + this.#random.next() * spreadMs;
      // A gateway that refuses again and again with the same advice is still backed off from.
      delayMs = this.#failures > 1 ? Math.max(advisedMs, delayMs) : advisedMs;
    }
    delayMs = Math.ceil(delayMs);
    this.after(delayMs, again);
    return delayMs;
  }

  /** Does something after a delay, in place of what waited. */
  after(delayMs: number, callback: () => void): void {
    this.cancel();
    this.#timer = this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      callback();
    });
  }

  /** What waited is not done. */
  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
