import type { Clock, Timer } from "@holdfast/core";

/** One timer at a time: setting it again takes the place of what it waited for. */
export class Alarm {
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Something waits. */
  get waiting(): boolean {
    return this.#timer !== undefined;
  }

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
}
