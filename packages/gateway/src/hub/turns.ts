import type { Clock } from "@holdfast/core";

/** A piece of work that calls `release` once when it is done. */
export type Turn = (release: () => void) => void;

export interface TurnLimits {
  /** Turns taken at the same time. */
  readonly maxConcurrent: number;
  /** Replays admitted and not finished. */
  readonly maxAdmitted: number;
  /** Turns begun before sockets and timers get a chance. */
  readonly maxPerTick: number;
}

/**
 * First come, first served: a replay takes one turn per page and then queues again behind the
 * others, so that a long one starves nobody. Between batches of turns the process does other work.
 */
export class Turns {
  readonly #clock: Clock;
  readonly #limits: TurnLimits;
  #queue: Turn[] = [];
  #next = 0;
  #running = 0;
  #begun = 0;
  #admitted = 0;
  #pumpScheduled = false;

  constructor(clock: Clock, limits: TurnLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Counts a replay in; false when there are too many already. */
  admit(): boolean {
    if (this.#admitted >= this.#limits.maxAdmitted) return false;
    this.#admitted++;
    return true;
  }

  /** Counts an admitted replay out. */
  leave(): void {
    this.#admitted--;
  }

  get admitted(): number {
    return this.#admitted;
  }

  /** Runs the turn as soon as it is its turn, possibly at once. */
  take(turn: Turn): void {
    this.#queue.push(turn);
    this.#pump();
  }

  #pump(): void {
    for (;;) {
      if (this.#running >= this.#limits.maxConcurrent) return;
      if (this.#begun >= this.#limits.maxPerTick) {
        this.#pumpLater();
        return;
      }
      const turn = this.#queue[this.#next];
      if (turn === undefined) return;
      this.#next++;
      if (this.#next > 1024 || this.#next === this.#queue.length) {
        this.#queue = this.#queue.slice(this.#next);
        this.#next = 0;
      }
      this.#begin(turn);
    }
  }

  #begin(turn: Turn): void {
    this.#running++;
    this.#begun++;
    this.#pumpLater();
    let released = false;
    turn(() => {
      if (released) return;
      released = true;
      this.#running--;
      this.#pump();
    });
  }

  #pumpLater(): void {
    if (this.#pumpScheduled) return;
    this.#pumpScheduled = true;
    this.#clock.after(0, () => {
      this.#pumpScheduled = false;
      this.#begun = 0;
      this.#pump();
    });
  }
}
