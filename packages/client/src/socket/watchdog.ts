import type { Clock, Timer } from "@holdfast/core";

/** A timer this late means that the process or device slept, not that the gateway was silent. */
const lateMs = 1000;

/** Notices a gateway that has gone silent. One timer, not one per message. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #probeTimeoutMs: number;
  readonly #limitMs: number;
  readonly #probe: () => void;
  readonly #onSilent: () => void;
  #heardMs: number;
  #timer: Timer | undefined;
  #probing: Timer | undefined;

  /** `limitMs` 0 watches only after `check()`; `probe` sends something the gateway answers. */
  constructor(
    { clock, probeTimeoutMs }: { readonly clock: Clock; readonly probeTimeoutMs: number },
    limitMs: number,
    probe: () => void,
    onSilent: () => void,
  ) {
    this.#clock = clock;
    this.#probeTimeoutMs = probeTimeoutMs;
    this.#limitMs = limitMs;
    this.#probe = probe;
    this.#onSilent = onSilent;
    this.#heardMs = clock.monoMs();
    if (limitMs > 0) this.#arm(limitMs);
  }

  /** Something came. */
  heard(): void {
    this.#heardMs = this.#clock.monoMs();
    this.#probing?.cancel();
    this.#probing = undefined;
  }

  /** Asks for a sign of life now. */
  check(): void {
    if (this.#probing !== undefined) return;
    this.#probing = this.#clock.after(this.#probeTimeoutMs, this.#onSilent);
    this.#probe();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#probing?.cancel();
  }

  #arm(delayMs: number): void {
    const dueMs = this.#clock.monoMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => {
      const nowMs = this.#clock.monoMs();
      const leftMs = this.#heardMs + this.#limitMs - nowMs;
      if (leftMs > 0) return this.#arm(leftMs);
      if (nowMs - dueMs <= lateMs) return this.#onSilent();
      this.check();
      this.#arm(this.#limitMs);
    });
  }
}
