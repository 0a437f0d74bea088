import type { Position } from "@holdfast/protocol";
import type { Publication, ResetEvent, StateEvent } from "./events.js";

/** What waits for the application, in order. */
export type Item<T, S> =
  | { readonly kind: "publication"; readonly value: Publication<T> }
  | { readonly kind: "reset"; readonly value: ResetEvent<S> }
  | { readonly kind: "state"; readonly value: StateEvent<S> }
  /** The position has moved without a publication (a new epoch with lineage). */
  | { readonly kind: "moved"; readonly value: { readonly position: Position | undefined } };

/**
 * A bounded queue. Only publications count: of what else waits there is at most one between two of
 * them, however often connections come and go, since a move replaces the one before.
 */
export class Inbox<T, S> {
  #items: Item<T, S>[] = [];
  #head = 0;
  #publications = 0;
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** false: there is no room. */
  push(item: Item<T, S>): boolean {
    if (item.kind === "publication") {
      if (this.#publications >= this.#max) return false;
      this.#publications += 1;
    } else if (item.kind === "moved" && this.#items.at(-1)?.kind === "moved") this.#items.pop();
    this.#items.push(item);
    return true;
  }

  shift(): Item<T, S> | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#head += 1;
    if (item.kind === "publication") this.#publications -= 1;
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
    this.#publications = 0;
  }
}
