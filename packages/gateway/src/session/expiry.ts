import type { Clock, Due, Timer, TimerWheel } from "@holdfast/core";
import type { WallBound, WallWatch } from "./wall-watch.js";

/** The warning comes this long before the end, or at half of what is left, if that is shorter. */
const WARNING_MS = 60_000;

/** What the end of credentials does to a connection. */
export interface Mortal {
  expiring(inMs: number): void;
  expired(): void;
}

/** Watches the end of one connection's credentials by the wall clock, which may jump. */
export class Expiry implements WallBound, Due {
  readonly #clock: Clock;
  readonly #wheel: TimerWheel;
  readonly #watch: WallWatch;
  readonly #mortal: Mortal;
  #isSet = false;
  #expiresAtMs = 0;
  /** Time of the wall clock at which there is something to do: first the warning, then the end. */
  #dueAtMs = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, wheel: TimerWheel, watch: WallWatch, mortal: Mortal) {
    this.#clock = clock;
    this.#wheel = wheel;
    this.#watch = watch;
    this.#mortal = mortal;
  }

  /** The end has come, whether or not its timer has had its turn: a stopped process is late with both. */
  get over(): boolean {
    return this.#isSet && this.#expiresAtMs <= this.#clock.wallMs();
  }

  /** When it comes; undefined: it never does. */
  get expiresAtMs(): number | undefined {
    return this.#isSet ? this.#expiresAtMs : undefined;
  }

  /** Watches another end, or none. */
  set(expiresAtMs: number | undefined): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isSet = expiresAtMs !== undefined;
    if (expiresAtMs === undefined) {
      this.#watch.delete(this);
      return;
    }
    this.#expiresAtMs = expiresAtMs;
    this.#watch.add(this);
    const leftMs = expiresAtMs - this.#clock.wallMs();
    this.#at(expiresAtMs - Math.min(WARNING_MS, leftMs / 2));
  }

  stop(): void {
    this.set(undefined);
  }

  wallJumped(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#at(this.#dueAtMs);
  }

  due(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.wallMs();
    const expiresAtMs = this.#expiresAtMs;
    if (nowMs < this.#dueAtMs) this.#at(this.#dueAtMs);
    else if (this.#dueAtMs === expiresAtMs) this.#mortal.expired();
    else {
      this.#at(expiresAtMs);
      this.#mortal.expiring(Math.max(0, Math.round(expiresAtMs - nowMs)));
    }
  }

  #at(wallMs: number): void {
    this.#dueAtMs = wallMs;
    this.#timer = this.#wheel.add(Math.max(0, wallMs - this.#clock.wallMs()), this);
  }
}
