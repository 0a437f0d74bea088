import type { Clock } from "@holdfast/core";

/** Something that writes what it has gathered. */
export interface Flushable {
  flush(): void;
}

/** Connections written to before sockets and timers get a chance. */
const MAX_FLUSHES_PER_TICK = 2_048;

/** Writes every connection that gathered something once per tick, however much it gathered. */
export class FlushScheduler {
  readonly #clock: Clock;
  #dirty: Flushable[] = [];
  #scheduled = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Flushes the target at the end of this tick; the target sees to being added only once. */
  add(target: Flushable): void {
    this.#dirty.push(target);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => this.#run());
  }

  #run(): void {
    this.#scheduled = false;
    const dirty = this.#dirty;
    const now = dirty.length > MAX_FLUSHES_PER_TICK ? dirty.slice(0, MAX_FLUSHES_PER_TICK) : dirty;
    this.#dirty = now === dirty ? [] : dirty.slice(MAX_FLUSHES_PER_TICK);
    if (this.#dirty.length > 0) {
      this.#scheduled = true;
      this.#clock.after(0, () => this.#run());
    }
    for (const target of now) target.flush();
  }
}
