import { CommitError, type Store, type Tables } from "../store.js";

/** Where a process ends: with which of its commits, and whether that one still reached the disk. */
export interface Death {
  /** Transactions it lives to begin, this one included. */
  readonly atCommit: number;
  readonly isKept: boolean;
}

class Undone extends Error {}

/**
 * A store whose process ends with one of its commits: before that is on the disk, or after it and
 * before anybody is told. Whoever asks afterwards is answered as by a disk that fails, which to the
 * publisher is the same: its outcome is unknown.
 */
export class MortalStore implements Store {
  readonly #store: Store;
  readonly #death: Death;
  #commits = 0;

  constructor(store: Store, death: Death) {
    this.#store = store;
    this.#death = death;
  }

  get tables(): Tables {
    return this.#store.tables;
  }

  get usedBytes(): number {
    return this.#store.usedBytes;
  }

  /** Whether it has come to its end. */
  get isDead(): boolean {
    return this.#commits >= this.#death.atCommit;
  }

  async transaction<T>(write: () => T): Promise<T> {
    if (this.isDead) throw ended();
    this.#commits += 1;
    if (!this.isDead) return this.#store.transaction(write);
    if (this.#death.isKept) await this.#store.transaction(write);
    else await this.#undone(write);
    throw ended();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Writes, and takes it back. */
  async #undone(write: () => unknown): Promise<void> {
    const undone = this.#store.transaction(() => {
      write();
      throw new Undone();
    });
    await undone.catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
  }
}

const ended = () => new CommitError("the process has ended");
