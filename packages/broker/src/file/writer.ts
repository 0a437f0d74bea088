import type { Logger } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import { CommitError, type Store } from "./store.js";

/** What is to be written. */
export interface Operation<T = unknown, Answer = unknown> {
  /** Decides and writes; runs within a transaction, again if the first one failed for another's fault. */
  run(): T;
  /** Runs once that is on disk, in the order of the operations, and makes the answer of the outcome. */
  tell(outcome: T): Answer;
}

/** An operation that waits to be written. Thousands do, and outlive the garbage around them: one object each. */
class Waiting {
  readonly operation: Operation;
  outcome: unknown;
  readonly #resolve: (answer: unknown) => void;

  constructor(operation: Operation, resolve: (answer: unknown) => void) {
    this.operation = operation;
    this.#resolve = resolve;
  }

  tell(): void {
    this.#resolve(this.operation.tell(this.outcome));
  }

  fail(why: Failure): void {
    this.#resolve(why);
  }
}

/** What a writer is made of. */
export interface WriterOptions {
  readonly store: Store;
  readonly logger: Logger;
  /** Operations in one transaction. */
  readonly maxBatchCount: number;
  /** Operations that may wait. */
  readonly maxWaiting: number;
  /** Runs first in every transaction; what it throws refuses the transaction for good. */
  readonly begin: () => void;
  /** Runs last in every transaction. */
  readonly end: () => void;
}

const retryAfterMs = 1_000;
/** Up to here all that wait share the next flush: more are shared out between two, see `#next`. */
const sharedCount = 128;
/** The outcome is unknown only to the letter: a disk may have kept what it said it had not. */
const notCommitted = (): Failure =>
  failure("unavailable", "The store could not be written to; see the engine's log.", {
    retryAfterMs,
    unknown: true,
  });

/**
 * Writes one transaction after the other, each with everything that came while the one before it
 * was on its way to the disk: the more there is to do, the more share one flush.
 */
export class Writer {
  /** Told when transactions begin or cease to work. */
  onWorking: (working: boolean) => void = () => {};
  readonly #options: WriterOptions;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #working = true;
  #open = true;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Transactions work, as far as the last one showed. */
  get working(): boolean {
    return this.#working;
  }

  /** Runs an operation in the next transaction; settles once that is on disk, or with why it is not. */
  submit<T>(run: () => T): Promise<T | Failure>;
  submit<T, Answer>(run: () => T, tell: (outcome: T) => Answer): Promise<Answer | Failure>;
  submit(run: () => unknown, tell: (outcome: unknown) => unknown = itself): Promise<unknown> {
    return this.write({ run, tell });
  }

  /** `submit` of what is an object anyway. */
  write<T, Answer>(operation: Operation<T, Answer>): Promise<Answer | Failure>;
  write(operation: Operation): Promise<unknown> {
    if (!this.#open) return Promise.resolve(failure("closed", "The engine was closed."));
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.resolve(failure("busy", "The store has too much to write."));
    }
    const answer = new Promise((resolve) => {
      this.#waiting.push(new Waiting(operation, resolve));
    });
    this.#writing ??= this.#write();
    return answer;
  }

  /** Writes what waits and takes no more. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#writing;
  }

  /** Forgets what waits, as a process does that is killed; what is on its way to the disk may arrive. */
  async abandon(): Promise<void> {
    this.#open = false;
    const lost = failure("unavailable", "The engine was stopped.", { unknown: true });
    for (const each of this.#waiting.splice(0)) each.fail(lost);
    await this.#writing;
  }

  /**
   * Each batch is told of while the next one is on its way to the disk: those it answers ask for more,
   * and that costs no flush any time.
   */
  async #write(): Promise<void> {
    let told: Telling = tellNobody;
    while (this.#waiting.length > 0) {
      const batch = this.#next(told.count);
      const before = told;
      told = await this.#transact(batch, () => before.tell());
      before.tell();
    }
    // Told last: whoever is answered may ask for more, which begins anew.
    this.#writing = undefined;
    told.tell();
  }

  /**
   * What is written next. Of many half: the other half is prepared while these are on their way, where
   * all of them would leave nothing to do until they are there.
   */
  #next(untold: number): readonly Waiting[] {
    const half = Math.ceil((untold + this.#waiting.length) / 2);
    const count = Math.min(this.#options.maxBatchCount, Math.max(half, sharedCount));
    return this.#waiting.splice(0, count);
  }

  /** Settles when the operations are kept, or are known not to be; `written` runs when they are on their way. */
  async #transact(batch: readonly Waiting[], written: () => void): Promise<Telling> {
    try {
      await this.#commit(batch, written);
      this.#note(true);
      return tellingOf(batch.length, () => {
        for (const each of batch) each.tell();
      });
    } catch (error) {
      const isDisk = error instanceof CommitError;
      if (isDisk || batch.length === 1) return this.#failed(batch, error, isDisk);
    }
    // One of them threw, and its mistake must not be the others'.
    const tellings: Telling[] = [];
    for (const each of batch) tellings.push(await this.#transact([each], nothing));
    return tellingOf(batch.length, () => {
      for (const { tell } of tellings) tell();
    });
  }

  #commit(batch: readonly Waiting[], written: () => void): Promise<void> {
    const { store, begin, end } = this.#options;
    return store.transaction(() => {
      begin();
      for (const each of batch) each.outcome = each.operation.run();
      end();
      // Not within the transaction: whoever is told may read, and must not see what is not kept yet.
      void Promise.resolve().then(written);
    });
  }

  #failed(batch: readonly Waiting[], error: unknown, isDisk: boolean): Telling {
    const message = error instanceof Error ? error.message : String(error);
    this.#options.logger.error(isDisk ? "store not written" : "store operation failed", {
      message,
    });
    if (isDisk) this.#note(false);
    const why = isDisk ? notCommitted() : failure("internal");
    return tellingOf(batch.length, () => {
      for (const each of batch) each.fail(why);
    });
  }

  #note(working: boolean): void {
    if (working === this.#working) return;
    this.#working = working;
    this.onWorking(working);
  }
}

/** Operations that are decided, and their askers not told yet. */
interface Telling {
  readonly count: number;
  /** Tells them; once, however often it is called. */
  tell(): void;
}

function tellingOf(count: number, tell: () => void): Telling {
  let isTold = false;
  return {
    count,
    tell: () => {
      if (isTold) return;
      isTold = true;
      tell();
    },
  };
}

const nothing = () => {};
const itself = (outcome: unknown) => outcome;
const tellNobody = tellingOf(0, nothing);
