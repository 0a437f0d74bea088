import { type Failure, failure } from "@holdfast/protocol";
import type { Store } from "./store.js";

const retryAfterMs = 1_000;
/** A store that was full takes publishes again below this part of its bound: no flapping. */
const freeAgain = 0.98;

/** How full the store is; read now and then, for counting its pages has a price. */
export class Gauge {
  readonly #store: Store;
  readonly #maxBytes: number;
  #isFull = false;

  constructor(store: Store, maxBytes: number) {
    this.#store = store;
    this.#maxBytes = maxBytes;
    this.read();
  }

  /** Looks again. */
  read(): void {
    const bound = this.#isFull ? this.#maxBytes * freeAgain : this.#maxBytes;
    this.#isFull = this.#store.usedBytes >= bound;
  }

  /** Why nothing may be added now; undefined: it may. */
  refusal(): Failure | undefined {
    if (!this.#isFull) return undefined;
    const message = `The store is as large as it may be (maxStoreBytes ${this.#maxBytes}).`;
    return failure("busy", message, { retryAfterMs });
  }
}
