import { Deadline, type TimerWheel } from "@holdfast/core";

/** A connection that may be idle. */
export interface MayBeIdle {
  /** It holds something, so that it is not idle however quiet. */
  readonly isHolding: boolean;
  /** Nothing was asked for long enough. */
  idle(): void;
}

/** Ends a connection that neither asks for anything nor holds anything. */
export class Idleness extends Deadline {
  readonly #wheel: TimerWheel;
  readonly #timeoutMs: number;
  readonly #connection: MayBeIdle;
  #wasUsed = false;

  /** Ends it after `timeoutMs` at the earliest, and twice that at the latest. */
  constructor(wheel: TimerWheel, timeoutMs: number, connection: MayBeIdle) {
    super();
    this.#wheel = wheel;
    this.#timeoutMs = timeoutMs;
    this.#connection = connection;
    this.#wait();
  }

  /** A command came that is no sign of life alone. */
  used(): void {
    this.#wasUsed = true;
  }

  stop(): void {
    this.#wheel.cancel(this);
  }

  due(): void {
    if (this.#wasUsed || this.#connection.isHolding) this.#wait();
    else this.#connection.idle();
  }

  #wait(): void {
    this.#wasUsed = false;
    this.#wheel.set(this, this.#timeoutMs);
  }
}
