import type { Random, Timer, TimerWheel } from "@holdfast/core";
import type { Settings } from "../settings.js";

/** What a heartbeat does to its connection. */
export interface Heart {
  ping(): void;
  /** No sign of life came within `pongTimeoutMs` after a ping. */
  stopped(): void;
}

/** Pings at a beat and notices silence; one entry in the shared wheel at any time. */
export class Heartbeat {
  readonly #wheel: TimerWheel;
  readonly #heart: Heart;
  readonly #pongTimeoutMs: number;
  readonly #restMs: number;
  #timer: Timer | undefined;
  #alive = true;

  constructor(wheel: TimerWheel, random: Random, settings: Settings, heart: Heart) {
    this.#wheel = wheel;
    this.#heart = heart;
    this.#pongTimeoutMs = settings.pongTimeoutMs;
    this.#restMs = Math.max(0, settings.pingIntervalMs - settings.pongTimeoutMs);
    // The first beat falls anywhere, so that connections made together are not pinged together.
    this.#timer = wheel.add(settings.pingIntervalMs * random.next(), () => this.#beat());
  }

  /** Anything was received. */
  alive(): void {
    this.#alive = true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #beat(): void {
    this.#alive = false;
    this.#heart.ping();
    this.#timer = this.#wheel.add(this.#pongTimeoutMs, () => this.#judge());
  }

  #judge(): void {
    if (this.#alive) this.#timer = this.#wheel.add(this.#restMs, () => this.#beat());
    else this.#heart.stopped();
  }
}
