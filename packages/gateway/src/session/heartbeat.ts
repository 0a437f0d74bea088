import type { Due, Random, Timer, TimerWheel } from "@holdfast/core";
import type { Settings } from "../settings.js";

/** What a heartbeat does to its connection. */
export interface Heart {
  ping(): void;
  /** No sign of life came within `pongTimeoutMs` after a ping. */
  stopped(): void;
}

/** Pings at a beat and notices silence; one entry in the shared wheel at any time. */
export class Heartbeat implements Due {
  readonly #wheel: TimerWheel;
  readonly #heart: Heart;
  readonly #settings: Settings;
  #timer: Timer | undefined;
  #alive = true;
  /** A ping is out, and what it brings is to be judged. */
  #isJudging = false;

  constructor(wheel: TimerWheel, random: Random, settings: Settings, heart: Heart) {
    this.#wheel = wheel;
    this.#heart = heart;
    this.#settings = settings;
    // The first beat falls anywhere, so that connections made together are not pinged together.
    this.#timer = wheel.add(settings.pingIntervalMs * random.next(), this);
  }

  /** Anything was received. */
  alive(): void {
    this.#alive = true;
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  due(): void {
    if (this.#isJudging) this.#judge();
    else this.#beat();
  }

  #beat(): void {
    this.#alive = false;
    this.#heart.ping();
    this.#isJudging = true;
    this.#timer = this.#wheel.add(this.#settings.pongTimeoutMs, this);
  }

  #judge(): void {
    this.#isJudging = false;
    if (this.#alive) this.#timer = this.#wheel.add(restMs(this.#settings), this);
    else this.#heart.stopped();
  }
}

const restMs = ({ pingIntervalMs, pongTimeoutMs }: Settings): number =>
  Math.max(0, pingIntervalMs - pongTimeoutMs);
