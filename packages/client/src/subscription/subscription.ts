import {
  type Ephemeral,
  folds,
  type Position,
  type Reset,
  type ResetReason,
  type StateMode,
  type Subscribed,
  type Publication as Wire,
} from "@holdfast/protocol";
import { Emitter, type Off } from "../emitter.js";
import { at, HoldfastError, handlerFailed } from "../errors.js";
import { failure } from "../failures.js";
import type {
  EphemeralPublication,
  Publication,
  SubscribeOptions,
  SubscriptionEvents,
} from "./events.js";
import { Inbox, type Item } from "./inbox.js";
import { HandlerReader, IteratorReader, type Reader, type ReaderHost } from "./reader.js";

// Safari has no Symbol.asyncDispose; a module must not add one for everybody.
const asyncDispose: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/**
 * A channel's publications in order, across any number of connections. `break` leaves a loop over it
 * and not the subscription: a later loop goes on; `close()` ends it.
 */
export interface Subscription<T, S = unknown> extends AsyncIterable<Publication<T>> {
  readonly channel: string;
  /**
   * The last publication the application has handled: its handler's promise has settled, or the
   * next one was asked for. Keep it (`formatPosition`) to resume later, elsewhere.
   */
  readonly position: Position | undefined;
  /**
   * The channel's state at `position`: the two move together. What a publication does not change is the
   * same object as before; do not change it. `undefined` where the channel has no state, before the
   * subscription began, and where it is not known: resumed with a position alone, or a handler's
   * without `reduce`.
   */
  readonly state: S | undefined;
  /** false: offsets may be skipped legitimately. */
  readonly contiguous: boolean;
  /** Settles with what ended the subscription; `undefined` when the application asked for it. */
  readonly ended: Promise<HoldfastError | undefined>;
  /** Listens; returns the way to stop. A throwing listener ends the subscription with `call_failed`. */
  on<Name extends keyof SubscriptionEvents<T, S>>(
    name: Name,
    listener: (event: SubscriptionEvents<T, S>[Name]) => void,
  ): Off;
  /** Ends the subscription; iteration ends without an error. */
  close(): void;
  /** Ends the subscription with its scope. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a subscription needs of the session. */
export interface SubscriptionHost {
  /** The subscription has ended; tell the gateway. */
  ended(subscription: { readonly channel: string }): void;
  /** The gateway broke the protocol on this channel. */
  violated(channel: string, what: string): void;
}

const defaultBufferMax = 10_000;

/** The subscription as the session drives it. */
export class SubscriptionState<T, S> implements Subscription<T, S>, ReaderHost<T, S> {
  readonly channel: string;
  readonly ended: Promise<HoldfastError | undefined>;
  readonly #host: SubscriptionHost;
  readonly #options: SubscribeOptions<T, S>;
  /** What waits for the application. */
  readonly inbox: Inbox<T, S>;
  readonly #emitter: Emitter<SubscriptionEvents<T, S>>;
  readonly #reader: Reader;
  readonly #onAbort = () => this.close();
  readonly #iterator: IteratorReader<T, S> | undefined;
  #settle: (error: HoldfastError | undefined) => void = () => {};
  #position: Position | undefined;
  #mode: StateMode | undefined;
  #state: S | undefined;
  /** The last publication that arrived: what a new connection resumes after. */
  #received: Position | undefined;
  /** A position was sent along, so that beginning elsewhere is a reset. */
  #resuming = false;
  #contiguous = false;
  #begun = false;
  #live = false;
  #settled = false;
  #end: { readonly error: HoldfastError | undefined } | undefined;

  constructor(channel: string, options: SubscribeOptions<T, S>, host: SubscriptionHost) {
    this.channel = channel;
    this.#options = options;
    this.#host = host;
    this.#position = options.position;
    this.#received = options.position;
    this.#state = options.state;
    this.inbox = new Inbox(options.bufferMax ?? defaultBufferMax);
    this.#emitter = new Emitter((cause) => this.end(handlerFailed(cause, this.#position)));
    // Whoever asks for the state alone has nothing to do with the publications.
    const handler = options.onPublication ?? (options.onState && (() => {}));
    if (handler !== undefined) this.#reader = new HandlerReader(this, handler);
    else {
      this.#iterator = new IteratorReader(this);
      this.#reader = this.#iterator;
    }
    this.ended = new Promise((resolve) => {
      this.#settle = resolve;
    });
    if (options.onReset) this.on("reset", options.onReset);
    if (options.onState) this.on("state", options.onState);
    if (options.onEphemeral) this.on("ephemeral", options.onEphemeral);
    options.signal?.addEventListener("abort", this.#onAbort);
  }

  get position(): Position | undefined {
    return this.#position;
  }

  get state(): S | undefined {
    return this.#state;
  }

  get contiguous(): boolean {
    return this.#contiguous;
  }

  /** The gateway has answered at least once. */
  get begun(): boolean {
    return this.#begun;
  }

  /** The gateway serves it on this connection. */
  get live(): boolean {
    return this.#live;
  }

  /** Ended, for whatever reason. */
  get over(): boolean {
    return this.#end !== undefined;
  }

  /** What ended it. */
  get error(): HoldfastError | undefined {
    return this.#end?.error;
  }

  on<Name extends keyof SubscriptionEvents<T, S>>(
    name: Name,
    listener: (event: SubscriptionEvents<T, S>[Name]) => void,
  ): Off {
    return this.#emitter.on(name, listener);
  }

  close(): void {
    this.end();
  }

  [asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  [Symbol.asyncIterator](): AsyncIterator<Publication<T>, undefined> {
    if (this.#iterator === undefined) {
      throw new Error("A subscription with a handler cannot be iterated.");
    }
    return this.#iterator;
  }

  /** What to ask the gateway for: the rest after the last arrival, or the beginning. */
  request(): { readonly position: Position } | { readonly last?: number } {
    this.#resuming = this.#received !== undefined;
    if (this.#received !== undefined) return { position: this.#received };
    return this.#options.last === undefined || this.#begun ? {} : { last: this.#options.last };
  }

  /** The connection is gone. */
  lost(): void {
    this.#live = false;
  }

  /** The gateway has begun or continued the subscription on this connection. */
  begin(message: Subscribed): void {
    const { resumed, position, contiguous, reason, mode } = message;
    const state = message.state as S | undefined;
    const expected = this.#received;
    if (resumed && position && expected && position.offset !== expected.offset) {
      this.#violated(`resumed at ${position.offset} instead of ${expected.offset}`);
      return;
    }
    const first = !this.#begun;
    this.#begun = true;
    this.#live = true;
    this.#contiguous = contiguous;
    this.#mode = mode;
    if (this.#resuming && !resumed) {
      // Never a silent gap, not even where the gateway gives no reason.
      this.#enqueueReset(reason ?? "state_lost", position, state);
    } else {
      this.#received = position ?? (resumed ? this.#received : undefined);
      if (first && !resumed) {
        this.#position = position;
        this.#state = state;
        if (state !== undefined) this.inbox.push({ kind: "state", value: { state, position } });
      }
      // In order, so that the position moves to a new epoch only after what is still waiting.
      else this.inbox.push({ kind: "moved", value: { position: this.#received } });
    }
    this.#emitter.emit("subscribed", { resumed, position });
    this.#reader.wake();
  }

  /** A publication of this connection. */
  publication(message: Wire): void {
    if (!this.#live) return;
    const { offset, id } = message;
    const last = this.#received;
    if (!Number.isSafeInteger(offset) || offset < 1) {
      this.#violated("no offset");
      return;
    }
    if (last !== undefined) {
      if (offset <= last.offset) return;
      if (this.#contiguous && offset !== last.offset + 1) {
        this.#violated(`${offset} follows ${last.offset}`);
        return;
      }
    }
    const position = last && { epoch: last.epoch, offset, id };
    const value = Object.assign(message, { position }) as Wire & {
      data: T;
      position: typeof position;
    };
    if (!this.inbox.push({ kind: "publication", value })) {
      this.end(new HoldfastError(failure("overflow"), { position: this.#position }));
      return;
    }
    this.#received = position;
    this.#reader.wake();
  }

  /** An ephemeral publication: handed on at once, never kept. */
  ephemeral(message: Ephemeral): void {
    if (this.#live) this.#emitter.emit("ephemeral", message as EphemeralPublication<T>);
  }

  /** The gateway could not keep continuity of the live subscription. */
  reset({ reason, position, state }: Reset): void {
    if (!this.#live) return;
    this.#enqueueReset(reason, position, state as S | undefined);
    this.#reader.wake();
  }

  #enqueueReset(reason: ResetReason, position: Position | undefined, state: S | undefined): void {
    // What waits is superseded: the application is about to replace everything it holds.
    this.inbox.clear();
    this.#received = position;
    this.inbox.push({ kind: "reset", value: { reason, position, state } });
  }

  handled(publication: Publication<T>): void {
    try {
      if (this.#mode !== undefined) this.#state = this.#fold(this.#mode, publication);
    } catch (cause) {
      this.end(handlerFailed(cause, this.#position));
      return;
    }
    this.#position = publication.position;
    if (this.#mode !== undefined) this.#tellState();
    if (this.#end !== undefined) this.#settleEnd();
  }

  /** The state after the publication; `undefined` where the one before it is not known. */
  #fold(mode: StateMode, publication: Publication<T>): S | undefined {
    const state = this.#state;
    if (state === undefined && mode !== "last") return undefined;
    if (mode !== "handler") return folds[mode](state, publication.data) as S;
    return this.#options.reduce?.(state as S, publication);
  }

  announce({ kind, value }: Exclude<Item<T, S>, { kind: "publication" }>): void {
    this.#position = value.position;
    if (kind === "reset") {
      this.#state = value.state;
      this.#emitter.emit("reset", value);
    }
    if (kind !== "moved" && value.state !== undefined) this.#tellState();
  }

  #tellState(): void {
    this.#emitter.emit("state", { state: this.#state, position: this.#position });
  }

  #violated(what: string): void {
    this.#live = false;
    this.#host.violated(this.channel, what);
  }

  /** Ends the subscription: with an error, or because the application asked for it. */
  end(error?: HoldfastError): void {
    if (this.#end !== undefined) {
      // The handler that was still running when the subscription ended has failed.
      this.#settleEnd();
      return;
    }
    this.#end = { error };
    this.inbox.clear();
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#host.ended(this);
    this.#live = false;
    this.#reader.wake();
    // With a handler still at work the position is not yet final.
    if (this.#iterator !== undefined || !this.#reader.busy) this.#settleEnd();
  }

  #settleEnd(): void {
    if (this.#settled) return;
    this.#settled = true;
    const error = this.#end?.error && at(this.#end.error, this.#position);
    this.#emitter.emit("end", { error });
    this.#settle(error);
  }
}
