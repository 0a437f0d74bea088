import type { Clock, Timer } from "@holdfast/core";

/** How often the clocks are compared, in milliseconds. */
const COMPARE_MS = 1_000;
/** A difference from here on is a jump, not the drift of a disciplined clock, in milliseconds. */
const JUMP_MS = 100;

/** Something that is due at a time of the wall clock. */
export interface WallBound {
  /** The wall clock was set, or the machine has slept. */
  wallJumped(): void;
}

/**
 * Notices that the wall clock jumped, for everything whose end is a time of day while its timer
 * counts elapsed time. Looks only while there is such a thing.
 */
export class WallWatch {
  readonly #clock: Clock;
  readonly #bound = new Set<WallBound>();
  #differenceMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(bound: WallBound): void {
    this.#bound.add(bound);
    if (this.#timer !== undefined) return;
    this.#differenceMs = this.#difference();
    this.#schedule();
  }

  delete(bound: WallBound): void {
    this.#bound.delete(bound);
    if (this.#bound.size > 0) return;
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
      for (const bound of [...this.#bound]) bound.wallJumped();
    });
  }
}
