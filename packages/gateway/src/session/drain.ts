import type { Clock, Random, Timer } from "@holdfast/core";
import { type Advice, closeCode } from "./closing.js";
import type { Session } from "./session.js";

/** Time between two batches of closes, in milliseconds. */
const STEP_MS = 50;
/** Time a closed connection has to go before it is terminated, in milliseconds. */
const LAST_CALL_MS = 5_000;
/** Advice to those who are sent away: come back after this long plus a random part of that. */
const RETRY_AFTER_MS = 500;
const SPREAD_MS = 2_000;

/** Sends all connections away, evenly over a time and in random order. */
export class Drain {
  /** Settles when the last connection is gone. */
  readonly finished: Promise<void>;
  readonly #clock: Clock;
  readonly #remaining: () => ReadonlySet<Session>;
  readonly #queue: Session[];
  readonly #total: number;
  readonly #steps: number;
  #stepsTaken = 0;
  #finish: () => void = () => {};
  readonly #lastCall: Timer;
  #isOver = false;

  constructor(
    clock: Clock,
    random: Random,
    sessions: Session[],
    remaining: () => ReadonlySet<Session>,
    drainMs: number,
  ) {
    this.#clock = clock;
    this.#remaining = remaining;
    this.#queue = shuffled(sessions, random);
    this.#total = this.#queue.length;
    this.#steps = Math.max(1, Math.floor(drainMs / STEP_MS));
    this.finished = new Promise((resolve) => {
      this.#finish = resolve;
    });
    this.#lastCall = clock.after(drainMs + LAST_CALL_MS, () => this.#terminateRest());
    this.#step();
  }

  advice(): Advice {
    return { retryAfterMs: RETRY_AFTER_MS, spreadMs: SPREAD_MS };
  }

  /** A connection is gone. */
  gone(): void {
    if (this.#isOver || this.#remaining().size > 0) return;
    this.#isOver = true;
    this.#lastCall.cancel();
    this.#finish();
  }

  #step(): void {
    this.#stepsTaken++;
    const due = Math.ceil((this.#total * this.#stepsTaken) / this.#steps);
    const now = due - (this.#total - this.#queue.length);
    for (const session of this.#queue.splice(0, now))
      session.end(closeCode.draining, this.advice());
    if (this.#queue.length > 0) this.#clock.after(STEP_MS, () => this.#step());
    else this.gone();
  }

  #terminateRest(): void {
    for (const session of [...this.#remaining()]) session.terminate();
  }
}

function shuffled<T>(items: T[], random: Random): T[] {
  const result = [...items];
  for (let index = result.length - 1; index > 0; index--) {
    const other = Math.floor(random.next() * (index + 1));
    const item = result[index] as T;
    result[index] = result[other] as T;
    result[other] = item;
  }
  return result;
}
