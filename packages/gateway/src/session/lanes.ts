/** Work on one lane; it calls `release` once, now or later, when the next may begin. */
export type LaneTask = (release: () => void) => void;

/** Who keeps lanes only as long as there is something on them. */
export interface LanesOwner {
  /** Nothing runs, and no lane is held. */
  emptied(): void;
}

/**
 * Keeps the order of arrival per lane: while a task has not released its lane, later ones wait.
 * A task that releases at once leaves nothing behind.
 */
export class Lanes {
  readonly #maxWaiting: number;
  readonly #owner: LanesOwner;
  /** Lanes that are not released, with what waits for them; absent while there is none. */
  #lanes: Map<string, LaneTask[]> | undefined;
  #waiting = 0;
  /** Tasks that have not returned. */
  #running = 0;
  #ended = false;

  constructor(maxWaiting: number, owner: LanesOwner) {
    this.#maxWaiting = maxWaiting;
    this.#owner = owner;
  }

  /** Runs the task now or in its turn; false: too many wait already. */
  run(lane: string, task: LaneTask): boolean {
    const waiting = this.#lanes?.get(lane);
    if (waiting === undefined) {
      this.#start(lane, task);
      this.#look();
      return true;
    }
    if (this.#waiting >= this.#maxWaiting) return false;
    this.#waiting++;
    waiting.push(task);
    return true;
  }

  /** Forgets everything that waits. */
  end(): void {
    this.#ended = true;
    this.#lanes = undefined;
    this.#waiting = 0;
  }

  /** true: the task has released the lane before returning. */
  #start(lane: string, task: LaneTask): boolean {
    let released = false;
    let returned = false;
    this.#running++;
    try {
      task(() => {
        if (released) return;
        released = true;
        if (returned) this.#continue(lane);
      });
    } finally {
      this.#running--;
    }
    returned = true;
    if (!released && !this.#ended && this.#lanes?.has(lane) !== true) {
      this.#lanes ??= new Map();
      this.#lanes.set(lane, []);
    }
    return released;
  }

  #continue(lane: string): void {
    const waiting = this.#lanes?.get(lane);
    if (waiting === undefined) return;
    for (let task = waiting.shift(); task !== undefined; task = waiting.shift()) {
      this.#waiting--;
      if (!this.#start(lane, task)) return;
      if (this.#ended) return;
    }
    this.#lanes?.delete(lane);
    if (this.#lanes?.size === 0) this.#lanes = undefined;
    this.#look();
  }

  #look(): void {
    if (this.#lanes === undefined && this.#running === 0) this.#owner.emptied();
  }
}
