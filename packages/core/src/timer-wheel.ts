import type { Clock, Timer } from "./clock.js";

/** How fine and how far a `TimerWheel` looks. */
export interface TimerWheelOptions {
  /** Deadlines are met up to this much late, never early. */
  readonly tickMs: number;
  /** Slots of the wheel; a deadline beyond `tickMs * slots` is passed over once per turn. */
  readonly slots: number;
}

/**
 * Something with a deadline that can be set again and again. Whoever is there very often extends this, so
 * that neither an entry nor a closure is made for it. The fields are its `TimerWheel`'s.
 */
export abstract class Deadline {
  /** Its neighbours in a ring whose fixed link is the slot; absent while it is not set. */
  previous: Deadline | undefined = undefined;
  next: Deadline | undefined = undefined;
  dueTick = 0;

  /** The deadline has come. */
  abstract due(): void;
}

/** The fixed link of a ring, which is never due. */
class Slot extends Deadline {
  override previous: Deadline = this;
  override next: Deadline = this;

  due(): void {}
}

/** A deadline that calls back. */
class Callback extends Deadline implements Timer {
  readonly #wheel: TimerWheel;
  readonly #callback: () => void;

  constructor(wheel: TimerWheel, callback: () => void) {
    super();
    this.#wheel = wheel;
    this.#callback = callback;
  }

  due(): void {
    this.#callback();
  }

  cancel(): void {
    this.#wheel.cancel(this);
  }
}

/** Puts a deadline at the end of a ring. */
function link(deadline: Deadline, slot: Slot): void {
  deadline.previous = slot.previous;
  deadline.next = slot;
  slot.previous.next = deadline;
  slot.previous = deadline;
}

function unlink(deadline: Deadline): void {
  if (deadline.previous !== undefined) deadline.previous.next = deadline.next;
  if (deadline.next !== undefined) deadline.next.previous = deadline.previous;
  deadline.previous = undefined;
  deadline.next = undefined;
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
  readonly #slots: (Slot | undefined)[];
  readonly #startMs: number;
  /** The last tick whose slot was run; those after it up to `#wakesAtTick` are empty. */
  #tick = 0;
  #size = 0;
  #timer: Timer | undefined;
  #wakesAtTick = 0;
  #turning = false;

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
  add(delayMs: number, callback: () => void): Timer {
    const deadline = new Callback(this, callback);
    this.set(deadline, delayMs);
    return deadline;
  }

  /** Sets a deadline, as `add` does; one that is set already is due then and only then. */
  set(deadline: Deadline, delayMs: number): void {
    if (!Number.isFinite(delayMs)) throw new RangeError("delayMs must be finite");
    if (deadline.next !== undefined) this.#remove(deadline);
    const nowMs = this.#clock.monoMs() - this.#startMs;
    // An idle wheel has stood still; nothing was due meanwhile.
    if (this.#size === 0) this.#tick = Math.floor(nowMs / this.#tickMs);
    const dueTick = Math.ceil((nowMs + Math.max(0, delayMs)) / this.#tickMs);
    deadline.dueTick = Math.max(this.#tick + 1, dueTick);
    link(deadline, this.#slotOf(deadline.dueTick));
    this.#size++;
    // In the middle of a turn its end sets the timer.
    if (!this.#turning && (this.#timer === undefined || deadline.dueTick < this.#wakesAtTick)) {
      this.#wakeAt(deadline.dueTick);
    }
  }

  /** A deadline that is not set is left alone. */
  cancel(deadline: Deadline): void {
    if (deadline.next === undefined) return;
    this.#remove(deadline);
    if (this.#size === 0) this.#stop();
  }

  /** Cancels every deadline. */
  clear(): void {
    for (const slot of this.#slots) {
      while (slot !== undefined && slot.next !== slot) this.cancel(slot.next);
    }
  }

  #remove(deadline: Deadline): void {
    unlink(deadline);
    this.#size--;
  }

  #slotOf(tick: number): Slot {
    const index = tick % this.#slots.length;
    let slot = this.#slots[index];
    if (slot === undefined) {
      slot = new Slot();
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
    const due = new Slot();
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

  /** Moves what is due of a slot over, so that it may set and cancel freely. */
  #collect(slot: Slot, nowTick: number, due: Slot): void {
    for (let deadline = slot.next; deadline !== slot; ) {
      const { next } = deadline;
      if (deadline.dueTick <= nowTick) {
        unlink(deadline);
        link(deadline, due);
      }
      deadline = next ?? slot;
    }
  }

  #run(due: Slot): void {
    let failed = false;
    let cause: unknown;
    while (due.next !== due) {
      const deadline = due.next;
      this.#remove(deadline);
      try {
        deadline.due();
      } catch (error) {
        cause = failed ? cause : error;
        failed = true;
      }
    }
    if (failed) throw cause;
  }
}
