import type { Clock, Timer } from "@holdfast/core";
import type { PlatformEvents } from "../options.js";

/** The wall clock may be this far ahead of a timer before it counts as a sleep. */
const slackMs = 5000;

/** Tells when the device woke or its network changed, from the platform's events and the clock itself. */
export class WakeWatch {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #onWake: () => void;
  readonly #stops: (() => void)[] = [];
  #timer: Timer | undefined;

  constructor(
    options: {
      readonly clock: Clock;
      readonly jumpCheckMs: number;
      readonly events?: PlatformEvents | undefined;
    },
    onWake: () => void,
    onOffline: () => void,
  ) {
    this.#clock = options.clock;
    this.#intervalMs = options.jumpCheckMs;
    this.#onWake = onWake;
    const { events } = options;
    if (events !== undefined) {
      this.#stops.push(events.onWake(onWake), events.onOnline(onWake), events.onOffline(onOffline));
    }
    if (this.#intervalMs > 0) this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #arm(): void {
    const dueMs = this.#clock.wallMs() + this.#intervalMs;
    this.#timer = this.#clock.after(this.#intervalMs, () => {
      this.#arm();
      if (this.#clock.wallMs() - dueMs > slackMs) this.#onWake();
    });
  }
}
