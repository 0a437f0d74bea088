import type { Clock, Timer } from "@holdfast/core";
import type { Share } from "./settings.js";

/** When operations are due. */
export interface Schedule {
  /** Of all processes together. */
  readonly perSecond: number;
  readonly startMs: number;
  readonly untilMs: number;
}

/** Operations begun in one step, so that sockets get their turn. */
const maxBurst = 1_000;

/**
 * Open-loop load: operation n is due at `start + n / rate`, whether the one before was answered or
 * not. What comes late, because the process or the server stalled, is made up for at once, and its
 * latency counts from when it was due: a stall is seen by all who would have met it, not by one.
 */
export class Pace {
  readonly #clock: Clock;
  readonly #schedule: Schedule;
  readonly #share: Share;
  readonly #act: (dueMs: number, number: number) => void;
  #made = 0;
  #timer: Timer | undefined;
  #over = false;

  /** `act` is given when the operation was due and which one of its share it is. */
  constructor(
    clock: Clock,
    schedule: Schedule,
    share: Share,
    act: (dueMs: number, number: number) => void,
  ) {
    this.#clock = clock;
    this.#schedule = schedule;
    this.#share = share;
    this.#act = act;
  }

  /** When the next operation of this share is due; after the end: infinity. */
  get nextMs(): number {
    const { perSecond, startMs, untilMs } = this.#schedule;
    const number = this.#share.index + this.#made * this.#share.of;
    const dueMs = startMs + (number * 1_000) / perSecond;
    return dueMs < untilMs ? dueMs : Number.POSITIVE_INFINITY;
  }

  start(): void {
    this.#wait();
  }

  /**
   * Makes at once what was due and is late, then stops. Leaving it out would spare the server what a
   * slow client owes it.
   */
  finish(): void {
    const nowMs = this.#clock.monoMs();
    while (!this.#over && this.nextMs <= nowMs) this.#next();
    this.stop();
  }

  stop(): void {
    this.#over = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    const dueMs = this.nextMs;
    if (this.#over || dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.after(dueMs - this.#clock.monoMs(), () => this.#run());
  }

  #run(): void {
    const nowMs = this.#clock.monoMs();
    for (let count = 0; count < maxBurst && !this.#over; count += 1) {
      if (this.nextMs > nowMs) break;
      this.#next();
    }
    this.#wait();
  }

  #next(): void {
    this.#act(this.nextMs, this.#made);
    this.#made += 1;
  }
}
