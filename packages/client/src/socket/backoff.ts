import type { Clock, Random } from "@holdfast/core";
import { Alarm } from "./alarm.js";

/** How long to wait before the next try, as the gateway has it. */
export interface Advice {
  readonly retryAfterMs?: number | undefined;
  readonly spreadMs?: number;
}

/** Exponential delays with full jitter: attempt n waits a random part of min(cap, first · 2ⁿ⁻¹). */
export class Backoff extends Alarm {
  readonly #random: Random;
  readonly #minMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(
    platform: { readonly clock: Clock; readonly random: Random },
    minMs: number,
    maxMs: number,
  ) {
    super(platform);
    this.#random = platform.random;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  /** Consecutive failures so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and gives the delay before the next try, in whole milliseconds. */
  delay({ retryAfterMs, spreadMs = 0 }: Advice = {}): number {
    // 2³⁰ is past every sensible cap; the exponent must not grow without bound.
    const ceilingMs = Math.min(this.#maxMs, this.#minMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    const jitteredMs = this.#random.next() * ceilingMs;
    if (retryAfterMs === undefined) return Math.ceil(jitteredMs);
    const advisedMs = retryAfterMs + this.#random.next() * spreadMs;
    // A gateway that refuses again and again with the same advice is still backed off from.
    return Math.ceil(this.#failures > 1 ? Math.max(advisedMs, jitteredMs) : advisedMs);
  }

  /** Counts a failure and tries again after its delay. */
  retry(again: () => void, advice?: Advice): void {
    this.after(this.delay(advice), again);
  }

  /** The next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
