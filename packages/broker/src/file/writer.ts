import type { Logger } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import { CommitError, type Store } from "./store.js";

/** One operation that waits to be written. */
interface Waiting {
  /** Decides and writes; runs within a transaction, again if the first one failed for another's fault. */
  readonly run: () => unknown;
  readonly settle: (outcome: unknown) => void;
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
}

const retryAfterMs = 1_000;
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

  /**
   * Runs an operation in the next transaction; settles once that is on disk, or with why it is not.
   * `after` runs as soon as it is, in the order of the operations.
   */
  submit<T>(run: () => T, after?: (value: T) => void): Promise<T | Failure> {
    if (!this.#open) return Promise.resolve(failure("closed", "The engine was closed."));
    if (this.#waiting.length >= this.#options.maxWaiting) {
      return Promise.resolve(failure("busy", "The store has too much to write."));
    }
    return new Promise((resolve) => {
      const settle = (outcome: unknown) => {
        const value = outcome as T | Failure;
        if (after !== undefined && !(outcome instanceof NotDone)) after(value as T);
        resolve(outcome instanceof NotDone ? outcome.failure : value);
      };
      this.#waiting.push({ run, settle });
      this.#writing ??= this.#write();
    });
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
    for (const { settle } of this.#waiting.splice(0)) settle(new NotDone(lost));
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#options.maxBatchCount);
      const isWhole = await this.#transact(batch);
      // One of them threw, and its mistake must not be the others'.
      if (!isWhole) for (const each of batch) await this.#transact([each]);
    }
    this.#writing = undefined;
  }

  /** Whether the operations have been settled; false: one of several threw. */
  async #transact(batch: readonly Waiting[]): Promise<boolean> {
    const { store, logger, begin } = this.#options;
    let outcomes: unknown[];
    try {
      outcomes = await store.transaction(() => {
        begin();
        return batch.map(({ run }) => run());
      });
    } catch (error) {
      const isDisk = error instanceof CommitError;
      if (!isDisk && batch.length > 1) return false;
      const message = error instanceof Error ? error.message : String(error);
      logger.error(isDisk ? "store not written" : "store operation failed", { message });
      if (isDisk) this.#note(false);
      const why = isDisk ? notCommitted() : failure("internal");
      for (const { settle } of batch) settle(new NotDone(why));
      return true;
    }
    this.#note(true);
    for (const [at, { settle }] of batch.entries()) settle(outcomes[at]);
    return true;
  }

  #note(working: boolean): void {
    if (working === this.#working) return;
    this.#working = working;
    this.onWorking(working);
  }
}

/** An operation without an outcome of its own. */
class NotDone {
  readonly failure: Failure;

  constructor(why: Failure) {
    this.failure = why;
  }
}
