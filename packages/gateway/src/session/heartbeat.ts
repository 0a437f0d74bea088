import { Deadline } from "@holdfast/core";
import type { Settings } from "../settings.js";
import type { Shared } from "./shared.js";

/** What a heartbeat does to its connection. */
export interface Heart {
  readonly shared: Shared;
  ping(): void;
  /** No sign of life came within `pongTimeoutMs` after a ping. */
  stopped(): void;
}

/** Pings at a beat and notices silence; set in the shared wheel at any time. */
export class Heartbeat extends Deadline {
  readonly #heart: Heart;
  #alive = true;
  /** A ping is out, and what it brings is to be judged. */
  #isJudging = false;

  constructor(heart: Heart) {
    super();
    this.#heart = heart;
    const { random, settings, wheel } = heart.shared;
    // The first beat falls anywhere, so that connections made together are not pinged together.
    wheel.set(this, settings.pingIntervalMs * random.next());
  }

  /** Anything was received. */
  alive(): void {
    this.#alive = true;
  }

  stop(): void {
    this.#heart.shared.wheel.cancel(this);
  }

  due(): void {
    if (this.#isJudging) this.#judge();
    else this.#beat();
  }

  #beat(): void {
    const { settings, wheel } = this.#heart.shared;
    this.#alive = false;
    this.#isJudging = true;
    wheel.set(this, settings.pongTimeoutMs);
    this.#heart.ping();
  }

  #judge(): void {
    const { settings, wheel } = this.#heart.shared;
    this.#isJudging = false;
    if (this.#alive) wheel.set(this, restMs(settings));
    else this.#heart.stopped();
  }
}

const restMs = ({ pingIntervalMs, pongTimeoutMs }: Settings): number =>
  Math.max(0, pingIntervalMs - pongTimeoutMs);
