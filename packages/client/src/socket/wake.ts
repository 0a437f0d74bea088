import type { Clock } from "@holdfast/core";
import type { PlatformEvents } from "../options.js";
import { Alarm } from "./alarm.js";

/** The wall clock may be this far ahead of a timer before it counts as a sleep. */
const slackMs = 5000;

/** Who hears of the device and its network. */
export interface Sleeper {
  /** The device woke or the page is seen again. */
  wake(): void;
  online(): void;
  offline(): void;
}

/** Tells when the device woke or its network changed, from the platform's events and the clock itself. */
export class WakeWatch {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #intervalMs: number;
  readonly #sleeper: Sleeper;
  readonly #stops: (() => void)[] = [];

  constructor(
    options: {
      readonly clock: Clock;
      readonly jumpCheckMs: number;
      readonly events?: PlatformEvents | undefined;
    },
    sleeper: Sleeper,
  ) {
    this.#clock = options.clock;
    this.#alarm = new Alarm(options);
    this.#intervalMs = options.jumpCheckMs;
    this.#sleeper = sleeper;
    const { events } = options;
    if (events !== undefined) {
      this.#stops.push(
        events.onWake(() => sleeper.wake()),
        events.onOnline(() => sleeper.online()),
        events.onOffline(() => sleeper.offline()),
      );
    }
    if (this.#intervalMs > 0) this.#arm();
  }

  stop(): void {
    this.#alarm.cancel();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #arm(): void {
    const dueMs = this.#clock.wallMs() + this.#intervalMs;
    this.#alarm.after(this.#intervalMs, () => {
      this.#arm();
      if (this.#clock.wallMs() - dueMs > slackMs) this.#sleeper.wake();
    });
  }
}
