import type { Clock } from "@holdfast/core";
import { Alarm } from "./alarm.js";

/** A timer this late means that the process or device slept, not that the gateway was silent. */
const lateMs = 1000;

/** Notices a gateway that has gone silent. One timer, not one per message. */
export class Watchdog {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #probeTimeoutMs: number;
  readonly #limitMs: number;
  readonly #ask: () => void;
  readonly #onSilent: () => void;
  #heardMs: number;
  /** A question waits for its answer. */
  #asking = false;

  /** `limitMs` 0 watches only after `check()`; `ask` sends what the gateway answers with `pong`. */
  constructor(
    settings: { readonly clock: Clock; readonly probeTimeoutMs: number },
    limitMs: number,
    ask: () => void,
    onSilent: () => void,
  ) {
    this.#clock = settings.clock;
    this.#alarm = new Alarm(settings);
    this.#probeTimeoutMs = settings.probeTimeoutMs;
    this.#limitMs = limitMs;
    this.#ask = ask;
    this.#onSilent = onSilent;
    this.#heardMs = settings.clock.monoMs();
    this.#arm(limitMs);
  }

  /** Something came. While an answer is due this only grants more time: it may have waited in a buffer. */
  heard(): void {
    this.#heardMs = this.#clock.monoMs();
  }

  /** Nothing has come since `monoMs`. */
  isSilentSince(monoMs: number): boolean {
    return this.#heardMs <= monoMs;
  }

  /** The question was answered: the gateway is there. */
  answered(): void {
    this.#asking = false;
  }

  /** Asks for a sign of life now. */
  check(): void {
    if (this.#asking) return;
    this.#asking = true;
    this.#heardMs = this.#clock.monoMs();
    this.#arm(this.#probeTimeoutMs);
    this.#ask();
  }

  stop(): void {
    this.#alarm.cancel();
  }

  #arm(delayMs: number): void {
    if (delayMs === 0) return;
    const dueMs = this.#clock.monoMs() + delayMs;
    this.#alarm.after(delayMs, () => {
      const nowMs = this.#clock.monoMs();
      const patienceMs = this.#asking ? this.#probeTimeoutMs : this.#limitMs;
      const leftMs = this.#heardMs + patienceMs - nowMs;
      if (patienceMs === 0 || leftMs > 0) this.#arm(Math.max(0, leftMs));
      else if (nowMs - dueMs > lateMs && !this.#asking) this.check();
      else this.#onSilent();
    });
  }
}
