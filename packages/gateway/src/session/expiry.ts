import type { Clock, Timer, TimerWheel } from "@holdfast/core";

/** The warning comes this long before the end, or at half of what is left, if that is shorter. */
const WARNING_MS = 60_000;

/** What the end of credentials does to a connection. */
export interface Mortal {
  expiring(inMs: number): void;
  expired(): void;
}

/** Watches the end of one connection's credentials by the wall clock, which may jump. */
export class Expiry {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #mortal: Mortal;
  #timer: Timer | undefined;

  constructor(clock: Clock, wheel: TimerWheel, mortal: Mortal) {
    this.#clock = clock;
    this.#wheel = wheel;
    this.#mortal = mortal;
  }

  /** Watches another end, or none. */
  set(expiresAtMs: number | undefined): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (expiresAtMs === undefined) return;
    const leftMs = expiresAtMs - this.#clock.wallMs();
    const warnAtMs = expiresAtMs - Math.min(WARNING_MS, leftMs / 2);
    this.#at(warnAtMs, () => {
      this.#mortal.expiring(Math.max(0, Math.round(expiresAtMs - this.#clock.wallMs())));
      this.#at(expiresAtMs, () => this.#mortal.expired());
    });
  }

  stop(): void {
    this.set(undefined);
  }

  #at(wallMs: number, callback: () => void): void {
    const delayMs = Math.max(0, wallMs - this.#clock.wallMs());
    this.#timer = this.#wheel.add(delayMs, () => {
      if (this.#clock.wallMs() < wallMs) this.#at(wallMs, callback);
      else callback();
    });
  }
}
