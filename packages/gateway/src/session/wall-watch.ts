import type { Clock, Timer } from "@holdfast/core";

/** How often the clocks are compared, in milliseconds. */
const COMPARE_MS = 1_000;
/** A difference from here on is a jump, not the drift of a disciplined clock, in milliseconds. */
const JUMP_MS = 100;

/**
 * Notices that the wall clock was set, or that the machine has slept, for everything whose end is a time of
 * day while its timer counts elapsed time. Looks only while there is such a thing.
 */
export class WallWatch {
  readonly #clock: Clock;
  readonly #jumped: () => void;
  #bound = 0;
  #differenceMs = 0;
  #timer: Timer | undefined;

  /** `jumped` tells everything that was added. */
  constructor(clock: Clock, jumped: () => void) {
    this.#clock = clock;
    this.#jumped = jumped;
  }

  /** There is one more thing to look for. */
  add(): void {
    this.#bound++;
    if (this.#timer !== undefined) return;
    this.#differenceMs = this.#difference();
    this.#schedule();
  }

  /** There is one less. */
  delete(): void {
    this.#bound--;
    if (this.#bound > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #difference(): number {
    return this.#clock.wallMs() - this.#clock.monoMs();
  }

  #schedule(): void {
    this.#timer = this.#clock.after(COMPARE_MS, () => {
      this.#schedule();
      const differenceMs = this.#difference();
      if (Math.abs(differenceMs - this.#differenceMs) < JUMP_MS) return;
      this.#differenceMs = differenceMs;
      this.#jumped();
    });
  }
}
