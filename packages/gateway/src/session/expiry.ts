import type { Clock, Timer, TimerWheel } from "@holdfast/core";
import type { WallBound, WallWatch } from "./wall-watch.js";

/** The warning comes this long before the end, or at half of what is left, if that is shorter. */
const WARNING_MS = 60_000;

/** What the end of credentials does to a connection. */
export interface Mortal {
  expiring(inMs: number): void;
  expired(): void;
}

/** Watches the end of one connection's credentials by the wall clock, which may jump. */
export class Expiry implements WallBound {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #watch: WallWatch;
  readonly #mortal: Mortal;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #due: { readonly wallMs: number; readonly callback: () => void } | undefined;

  constructor(clock: Clock, wheel: TimerWheel, watch: WallWatch, mortal: Mortal) {
    this.#clock = clock;
    this.#wheel = wheel;
    this.#watch = watch;
    this.#mortal = mortal;
  }

  /** The end has come, whether or not its timer has had its turn: a stopped process is late with both. */
  get over(): boolean {
    const ends = this.#expiresAtMs;
    return ends !== Number.POSITIVE_INFINITY && ends <= this.#clock.wallMs();
  }

  /** Watches another end, or none. */
  set(expiresAtMs: number | undefined): void {
    this.#expiresAtMs = expiresAtMs ?? Number.POSITIVE_INFINITY;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#due = undefined;
    if (expiresAtMs === undefined) {
      this.#watch.delete(this);
      return;
    }
    this.#watch.add(this);
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

  wallJumped(): void {
    if (this.#due === undefined) return;
    this.#timer?.cancel();
    this.#at(this.#due.wallMs, this.#due.callback);
  }

  #at(wallMs: number, callback: () => void): void {
    this.#due = { wallMs, callback };
    const delayMs = Math.max(0, wallMs - this.#clock.wallMs());
    this.#timer = this.#wheel.add(delayMs, () => {
      if (this.#clock.wallMs() < wallMs) this.#at(wallMs, callback);
      else callback();
    });
  }
}
