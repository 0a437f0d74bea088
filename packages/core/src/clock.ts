/** A scheduled callback that can be called off. */
export interface Timer {
  /** Calls the callback off; calling twice, or after it ran, does nothing. */
  cancel(): void;
}

/**
 * The only source of time in core logic. The platform supplies the real one,
 * the simulation a virtual one; nothing else reads a clock or sets a timer.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch. May jump; never use it to measure. */
  wallMs(): number;
  /** Monotonic time in milliseconds since an arbitrary start. Use it for intervals and deadlines. */
  monoMs(): number;
  /** Runs `callback` once after `delayMs` milliseconds (fractions are rounded up, negatives count as 0). */
  after(delayMs: number, callback: () => void): Timer;
  /** Runs `callback` once after the work of the current tick, before any timer. */
  soon(callback: () => void): void;
}
