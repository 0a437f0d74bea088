import type { Timer, TimerWheel } from "@holdfast/core";

/** Ends a connection that neither asks for anything nor holds anything. */
export class Idleness {
  readonly #wheel: TimerWheel;
  readonly #timeoutMs: number;
  readonly #isHolding: () => boolean;
  readonly #idle: () => void;
  #wasUsed = false;
  #timer: Timer | undefined;

  /** 0: never. Ends it after `timeoutMs` at the earliest, and twice that at the latest. */
  constructor(wheel: TimerWheel, timeoutMs: number, isHolding: () => boolean, idle: () => void) {
    this.#wheel = wheel;
    this.#timeoutMs = timeoutMs;
    this.#isHolding = isHolding;
    this.#idle = idle;
    if (timeoutMs > 0) this.#wait();
  }

  /** A command came that is no sign of life alone. */
  used(): void {
    this.#wasUsed = true;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #wait(): void {
    this.#wasUsed = false;
    this.#timer = this.#wheel.add(this.#timeoutMs, () => {
      if (this.#wasUsed || this.#isHolding()) this.#wait();
      else this.#idle();
    });
  }
}
