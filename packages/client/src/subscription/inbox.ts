import type { Position } from "@holdfast/protocol";
import type { Publication, ResetEvent, StateEvent } from "./events.js";

/** What waits for the application, in order. */
export type Item<T, S> =
  | { readonly kind: "publication"; readonly value: Publication<T> }
  | { readonly kind: "reset"; readonly value: ResetEvent<S> }
  | { readonly kind: "state"; readonly value: StateEvent<S> }
  /** The position has moved without a publication (a new epoch with lineage). */
  | { readonly kind: "moved"; readonly value: { readonly position: Position | undefined } };

/** A bounded queue. Only publications count: the rest is bounded by resets, which empty it. */
export class Inbox<T, S> {
  #items: Item<T, S>[] = [];
  #head = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** false: there is no room. */
  push(item: Item<T, S>): boolean {
    if (item.kind === "publication" && this.size >= this.#max) return false;
    this.#items.push(item);
    return true;
  }

  shift(): Item<T, S> | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    // Cut off in large pieces, so that taking one is cheap and what was taken is soon free.
    if (this.#head === this.#items.length) this.clear();
    else if (this.#head >= 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#head = 0;
  }
}
