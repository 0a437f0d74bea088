import type { Clock } from "@holdfast/core";

/** One direction of one connection: whatever the delays, nothing overtakes. */
export class Lane {
  readonly #clock: Clock;
  #lastDueMs = 0;
  #waiting = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.#waiting === 0;
  }

  /** Runs `arrive` after `delayMs`, and after everything sent before it; at once if both allow. */
  send(delayMs: number, arrive: () => void): void {
    const nowMs = this.#clock.monoMs();
    if (this.idle && delayMs <= 0) {
      arrive();
      return;
    }
    this.#lastDueMs = Math.max(this.#lastDueMs, Math.ceil(nowMs + delayMs));
    this.#waiting += 1;
    // Timers of equal time run in the order they were set.
    this.#clock.after(this.#lastDueMs - nowMs, () => {
      this.#waiting -= 1;
      arrive();
    });
  }
}
