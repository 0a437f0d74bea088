import type { Position } from "@holdfast/protocol";
import { at, type HoldfastError, handlerFailed } from "../errors.js";
import type { Publication } from "./events.js";
import type { Inbox, Item } from "./inbox.js";

/** What a reader needs of its subscription. */
export interface ReaderHost<T, S> {
  readonly inbox: Inbox<T, S>;
  readonly over: boolean;
  readonly error: HoldfastError | undefined;
  readonly position: Position | undefined;
  /** The application is done with everything up to this one. */
  handled(publication: Publication<T>): void;
  /** Tells listeners of what is not a publication. */
  announce(item: Exclude<Item<T, S>, { kind: "publication" }>): void;
  /** A handler failed. */
  end(error: HoldfastError): void;
}

/** Hands publications to the application. */
export interface Reader {
  /** Something came, or the subscription ended. */
  wake(): void;
  /** A publication is with the application. */
  readonly busy: boolean;
}

/** Calls a handler, one publication after the other. */
export class HandlerReader<T, S> implements Reader {
  readonly #host: ReaderHost<T, S>;
  readonly #handler: (publication: Publication<T>) => unknown;
  #busy = false;

  constructor(host: ReaderHost<T, S>, handler: (publication: Publication<T>) => unknown) {
    this.#host = host;
    this.#handler = handler;
  }

  get busy(): boolean {
    return this.#busy;
  }

  wake(): void {
    while (!this.#busy) {
      const item = this.#host.inbox.shift();
      if (item === undefined) return;
      if (item.kind === "publication") this.#call(item.value);
      else this.#host.announce(item);
    }
  }

  #call(publication: Publication<T>): void {
    this.#busy = true;
    try {
      const result = this.#handler(publication);
      if (!isThenable(result)) {
        this.#done(publication);
        return;
      }
      result.then(
        () => {
          this.#done(publication);
          this.wake();
        },
        (cause) => this.#failed(cause),
      );
    } catch (cause) {
      this.#failed(cause);
    }
  }

  #done(publication: Publication<T>): void {
    this.#busy = false;
    this.#host.handled(publication);
  }

  #failed(cause: unknown): void {
    this.#busy = false;
    this.#host.end(handlerFailed(cause, this.#host.position));
  }
}

type Waiter<T> = {
  readonly resolve: (result: IteratorResult<Publication<T>, undefined>) => void;
  readonly reject: (error: HoldfastError) => void;
};

/** Serves `for await`: asking for the next publication says that the one before is handled. */
export class IteratorReader<T, S> implements Reader, AsyncIterator<Publication<T>, undefined> {
  readonly #host: ReaderHost<T, S>;
  #inHand: Publication<T> | undefined;
  #waiter: Waiter<T> | undefined;
  #told = false;

  constructor(host: ReaderHost<T, S>) {
    this.#host = host;
  }

  get busy(): boolean {
    return this.#inHand !== undefined;
  }

  next(): Promise<IteratorResult<Publication<T>, undefined>> {
    if (this.#waiter !== undefined) {
      return Promise.reject(new Error("A subscription has one reader at a time."));
    }
    if (this.#inHand !== undefined) {
      this.#host.handled(this.#inHand);
      this.#inHand = undefined;
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
      this.wake();
    });
  }

  /** `break` leaves the subscription as it is; a later loop continues. */
  return(): Promise<IteratorResult<Publication<T>, undefined>> {
    return Promise.resolve({ done: true, value: undefined });
  }

  wake(): void {
    while (this.#waiter !== undefined) {
      const item = this.#host.inbox.shift();
      if (item?.kind === "publication") {
        this.#inHand = item.value;
        this.#settle({ done: false, value: item.value });
      } else if (item !== undefined) this.#host.announce(item);
      else if (this.#host.over) this.#finish();
      else return;
    }
  }

  #settle(result: IteratorResult<Publication<T>, undefined>): void {
    const waiter = this.#waiter;
    this.#waiter = undefined;
    waiter?.resolve(result);
  }

  #finish(): void {
    const { error, position } = this.#host;
    if (error !== undefined && !this.#told) {
      this.#told = true;
      // The position may have advanced since the end: what was in hand is handled now.
      this.#waiter?.reject(at(error, position));
    }
    this.#settle({ done: true, value: undefined });
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | undefined | null)?.then === "function";
}
