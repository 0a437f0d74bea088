import type { Clock, Timer } from "../clock.js";

/** How many callbacks may run without time moving on before the clock calls it an endless loop. */
const MAX_CALLBACKS_PER_INSTANT = 1_000_000;

class VirtualTimer implements Timer {
  readonly dueMs: number;
  readonly sequence: number;
  callback: (() => void) | undefined;
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, dueMs: number, sequence: number, callback: () => void) {
    this.#clock = clock;
    this.dueMs = dueMs;
    this.sequence = sequence;
    this.callback = callback;
  }

  cancel(): void {
    if (this.callback === undefined) return;
    this.callback = undefined;
    this.#clock.forget();
  }

  isBefore(other: VirtualTimer): boolean {
    return (
      this.dueMs < other.dueMs || (this.dueMs === other.dueMs && this.sequence < other.sequence)
    );
  }
}

/**
 * A clock that stands still until it is told to advance. Timers run in order of time, then of
 * insertion; `soon` work runs first and between any two timers, so a run is fully deterministic.
 */
export class VirtualClock implements Clock {
  /** A binary heap; cancelled timers stay until they surface or outnumber the live ones. */
  #heap: VirtualTimer[] = [];
  #live = 0;
  #soon: (() => void)[] = [];
  #monoMs: number;
  #wallOffsetMs: number;
  #nextSequence = 0;
  #advancing = false;

  /** Starts at `monoMs` 0 and at `wallMs` (milliseconds since the Unix epoch). */
  constructor(wallMs = Date.UTC(2030, 0, 1)) {
    this.#monoMs = 0;
    this.#wallOffsetMs = wallMs;
  }

  /** Milliseconds since the Unix epoch: advances with `monoMs`, jumps with `jumpWall`. */
  wallMs(): number {
    return this.#wallOffsetMs + this.#monoMs;
  }

  /** Milliseconds advanced since the clock was made. */
  monoMs(): number {
    return this.#monoMs;
  }

  /** Runs `callback` once when `delayMs` (rounded up, at least 0) of virtual time have passed. */
  after(delayMs: number, callback: () => void): Timer {
    if (Number.isNaN(delayMs)) throw new RangeError("delayMs is not a number");
    const dueMs = this.#monoMs + Math.max(0, Math.ceil(delayMs));
    const timer = new VirtualTimer(this, dueMs, this.#nextSequence++, callback);
    this.#live++;
    this.#push(timer);
    return timer;
  }

  /** Runs `callback` before any timer, once `runSoon` or an advance comes to it. */
  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Timers set and neither run nor cancelled. */
  get pendingTimers(): number {
    return this.#live;
  }

  /** `soon` callbacks waiting. */
  get pendingSoon(): number {
    return this.#soon.length;
  }

  /** `monoMs` of the earliest pending timer, `undefined` when there is none. */
  get nextTimerMs(): number | undefined {
    return this.#peek()?.dueMs;
  }

  /** Sets the wall clock forward or back without moving monotonic time or running timers. */
  jumpWall(ms: number): void {
    this.#wallOffsetMs += ms;
  }

  /** Runs `soon` work, and what it adds, until none is left. */
  runSoon(): void {
    for (let ran = 0; this.#soon.length > 0; ) {
      const batch = this.#soon;
      this.#soon = [];
      for (const [index, callback] of batch.entries()) {
        ran++;
        if (ran > MAX_CALLBACKS_PER_INSTANT) throw new Error("soon work never ends");
        try {
          callback();
        } catch (error) {
          this.#soon = [...batch.slice(index + 1), ...this.#soon];
          throw error;
        }
      }
    }
  }

  /** Moves time on by `ms` and runs what comes due; promises settle only after it returns. */
  advance(ms: number): void {
    const endMs = this.#begin(ms);
    try {
      this.runSoon();
      for (let timer = this.#popDue(endMs); timer !== undefined; timer = this.#popDue(endMs)) {
        timer();
        this.runSoon();
      }
      this.#monoMs = endMs;
    } finally {
      this.#advancing = false;
    }
  }

  /** As `advance`, and lets promises settle before the first timer, between timers and at the end. */
  async advanceAsync(ms: number): Promise<void> {
    const endMs = this.#begin(ms);
    try {
      do await this.settle();
      while (await this.#runDue(endMs));
      this.#monoMs = endMs;
    } finally {
      this.#advancing = false;
    }
  }

  /**
   * Runs `soon` work and lets promises settle, in turn, until neither makes more; time stands still.
   * The platform gets a turn of its event loop, so that what it answers in its own time can arrive.
   */
  async settle(): Promise<void> {
    do {
      this.runSoon();
      await new Promise<void>((resolve) => setImmediate(resolve));
    } while (this.#soon.length > 0);
  }

  /**
   * Runs what comes due; false: nothing was. Between two timers the platform gets no turn, which
   * would cost ten times as much: a tick's callback runs once no promise reaction is left.
   */
  async #runDue(endMs: number): Promise<boolean> {
    let timer = this.#popDue(endMs);
    const ran = timer !== undefined;
    for (; timer !== undefined; timer = this.#popDue(endMs)) {
      timer();
      do {
        this.runSoon();
        await new Promise<void>((resolve) => process.nextTick(resolve));
      } while (this.#soon.length > 0);
    }
    return ran;
  }

  /** Book-keeping of a cancelled timer; called by the timer itself. */
  forget(): void {
    this.#live--;
    if (this.#heap.length > 64 && this.#live < this.#heap.length / 2) {
      const live = this.#heap.filter((timer) => timer.callback !== undefined);
      // A sorted array is a heap.
      this.#heap = live.sort((a, b) => (a.isBefore(b) ? -1 : 1));
    }
  }

  #begin(ms: number): number {
    if (!(ms >= 0)) throw new RangeError(`cannot advance by ${ms} ms`);
    if (this.#advancing) throw new Error("the clock is advancing already");
    this.#advancing = true;
    this.#ranThisInstant = 0;
    return this.#monoMs + ms;
  }

  #ranThisInstant = 0;

  /** Takes the next timer due by `endMs`, moves time to it and returns its callback. */
  #popDue(endMs: number): (() => void) | undefined {
    const timer = this.#peek();
    if (timer === undefined || timer.dueMs > endMs) return undefined;
    this.#pop();
    if (timer.dueMs > this.#monoMs) this.#ranThisInstant = 0;
    if (++this.#ranThisInstant > MAX_CALLBACKS_PER_INSTANT) throw new Error("timers never end");
    this.#monoMs = Math.max(this.#monoMs, timer.dueMs);
    const callback = timer.callback;
    timer.callback = undefined;
    this.#live--;
    return callback;
  }

  #peek(): VirtualTimer | undefined {
    while (this.#heap[0] !== undefined && this.#heap[0].callback === undefined) this.#pop();
    return this.#heap[0];
  }

  #push(timer: VirtualTimer): void {
    let index = this.#heap.length;
    this.#heap.push(timer);
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (parent === undefined || parent.isBefore(timer)) break;
      this.#heap[index] = parent;
      index = parentIndex;
    }
    this.#heap[index] = timer;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let index = 0;
    for (;;) {
      let childIndex = 2 * index + 1;
      let child = this.#heap[childIndex];
      const right = this.#heap[childIndex + 1];
      if (child !== undefined && right?.isBefore(child)) {
        child = right;
        childIndex++;
      }
      if (child === undefined || last.isBefore(child)) break;
      this.#heap[index] = child;
      index = childIndex;
    }
    this.#heap[index] = last;
  }
}
