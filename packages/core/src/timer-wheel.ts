import type { Clock, Timer } from "./clock.js";

/** How fine and how far a `TimerWheel` looks. */
export interface TimerWheelOptions {
  /** Deadlines are met up to this much late, never early. */
  readonly tickMs: number;
  /** Slots of the wheel; a deadline beyond `tickMs * slots` is passed over once per turn. */
  readonly slots: number;
}

/** Something that has a deadline, so that no closure is needed for each. */
export interface Due {
  /** The deadline has come. */
  due(): void;
}

/** A deadline in its slot: a link of a ring whose fixed link is the slot itself. */
class Entry implements Timer {
  previous: Entry = this;
  next: Entry = this;
  readonly dueTick: number;
  callback: (() => void) | Due | undefined;
  readonly #onCancel: (() => void) | undefined;

  constructor(dueTick: number, callback?: (() => void) | Due, onCancel?: () => void) {
    this.dueTick = dueTick;
    this.callback = callback;
    this.#onCancel = onCancel;
  }

  insertBefore(other: Entry): void {
    this.previous = other.previous;
    this.next = other;
    other.previous.next = this;
    other.previous = this;
  }

  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }

  cancel(): void {
    if (this.callback === undefined) return;
    this.callback = undefined;
    this.unlink();
    this.#onCancel?.();
  }
}

/**
 * Many deadlines on one timer of the clock (Varghese and Lauck's hashed wheel): adding and
 * cancelling are O(1), and the timer is set for the next slot that holds anything, so that a quiet
 * process sleeps. Callbacks of one tick run in the order they were added in; one that throws does
 * not keep the others from running.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #tickMs: number;
  /** Made when first used: most processes have few deadlines. */
  readonly #slots: (Entry | undefined)[];
  readonly #startMs: number;
  /** The last tick whose slot was run; those after it up to `#wakesAtTick` are empty. */
  #tick = 0;
  #size = 0;
  #timer: Timer | undefined;
  #wakesAtTick = 0;
  #turning = false;
  readonly #forget = (): void => {
    this.#size--;
    if (this.#size === 0) this.#stop();
  };

  /** Throws `RangeError` unless both options are positive and `slots` is an integer. */
  constructor(clock: Clock, { tickMs, slots }: TimerWheelOptions) {
    if (!(tickMs > 0) || !Number.isSafeInteger(slots) || slots < 1) {
      throw new RangeError("tickMs must be positive and slots a positive integer");
    }
    this.#clock = clock;
    this.#tickMs = tickMs;
    this.#slots = Array.from({ length: slots });
    this.#startMs = clock.monoMs();
  }

  /** Deadlines neither met nor cancelled. */
  get size(): number {
    return this.#size;
  }

  /** Calls back once, `delayMs` (finite, at least 0) from now or up to a tick later. */
  add(delayMs: number, callback: (() => void) | Due): Timer {
    if (!Number.isFinite(delayMs)) throw new RangeError("delayMs must be finite");
    const nowMs = this.#clock.monoMs() - this.#startMs;
    // An idle wheel has stood still; nothing was due meanwhile.
    if (this.#size === 0) this.#tick = Math.floor(nowMs / this.#tickMs);
    const dueTick = Math.ceil((nowMs + Math.max(0, delayMs)) / this.#tickMs);
    const entry = new Entry(Math.max(this.#tick + 1, dueTick), callback, this.#forget);
    entry.insertBefore(this.#slotOf(entry.dueTick));
    this.#size++;
    // In the middle of a turn its end sets the timer.
    if (!this.#turning && (this.#timer === undefined || entry.dueTick < this.#wakesAtTick)) {
      this.#wakeAt(entry.dueTick);
    }
    return entry;
  }

  /** Cancels every deadline. */
  clear(): void {
    for (const slot of this.#slots) {
      while (slot !== undefined && slot.next !== slot) slot.next.cancel();
    }
  }

  #slotOf(tick: number): Entry {
    const index = tick % this.#slots.length;
    let slot = this.#slots[index];
    if (slot === undefined) {
      slot = new Entry(0);
      this.#slots[index] = slot;
    }
    return slot;
  }

  #isEmpty(tick: number): boolean {
    const slot = this.#slots[tick % this.#slots.length];
    return slot === undefined || slot.next === slot;
  }

  #wakeAt(tick: number): void {
    this.#timer?.cancel();
    this.#wakesAtTick = tick;
    const dueMs = this.#startMs + tick * this.#tickMs;
    this.#timer = this.#clock.after(dueMs - this.#clock.monoMs(), () => this.#turn());
  }

  /** The next tick whose slot is not empty; its entries may be of a later turn of the wheel. */
  #nextTick(): number {
    let tick = this.#tick + 1;
    while (this.#isEmpty(tick)) tick++;
    return tick;
  }

  #stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #turn(): void {
    this.#timer = undefined;
    this.#turning = true;
    const due = new Entry(0);
    const nowTick = Math.floor((this.#clock.monoMs() - this.#startMs) / this.#tickMs);
    // After a long pause every slot is looked at once, not once per tick slept through.
    const firstTick = Math.max(this.#tick + 1, nowTick - this.#slots.length + 1);
    for (let tick = firstTick; tick <= nowTick; tick++) {
      if (!this.#isEmpty(tick)) this.#collect(this.#slotOf(tick), nowTick, due);
    }
    this.#tick = Math.max(this.#tick, nowTick);
    try {
      this.#run(due);
    } finally {
      this.#turning = false;
      if (this.#size > 0) this.#wakeAt(this.#nextTick());
    }
  }

  /** Moves the due entries of a slot over, so that callbacks may add and cancel freely. */
  #collect(slot: Entry, nowTick: number, due: Entry): void {
    for (let entry = slot.next; entry !== slot; ) {
      const next = entry.next;
      if (entry.dueTick <= nowTick) {
        entry.unlink();
        entry.insertBefore(due);
      }
      entry = next;
    }
  }

  #run(due: Entry): void {
    let failed = false;
    let cause: unknown;
    for (let entry = due.next; entry !== due; entry = due.next) {
      const callback = entry.callback;
      entry.callback = undefined;
      entry.unlink();
      this.#size--;
      try {
        if (typeof callback === "function") callback();
        else callback?.due();
      } catch (error) {
        cause = failed ? cause : error;
        failed = true;
      }
    }
    if (failed) throw cause;
  }
}
