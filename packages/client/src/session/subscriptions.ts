import type { DownMessage, Failure } from "@holdfast/protocol";
import { HoldfastError } from "../errors.js";
import { failed, failure } from "../failures.js";
import { Backoff } from "../socket/backoff.js";
import type { SubscribeOptions } from "../subscription/events.js";
import { type Subscription, SubscriptionState } from "../subscription/subscription.js";
import { type Answer, answerOf } from "./requests.js";
import type { Shared } from "./shared.js";

interface Entry {
  readonly state: SubscriptionState<unknown, unknown>;
  /** Waits for the next try after a refusal, or for the answer. */
  readonly backoff: Backoff;
  readonly settled: (failure?: HoldfastError) => void;
  id: number | undefined;
}

/** The client's subscriptions, at most one per channel; they outlive connections. */
export class Subscriptions {
  readonly #shared: Shared;
  readonly #entries = new Map<string, Entry>();
  /** Why nothing will begin any more. */
  #closed: HoldfastError | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Settles when the subscription has begun; rejects with `HoldfastError` when it cannot. */
  async subscribe<T, S>(
    channel: string,
    options: SubscribeOptions<T, S>,
  ): Promise<Subscription<T, S>> {
    if (this.#closed !== undefined) throw this.#closed;
    if (options.signal?.aborted) throw new HoldfastError(failure("cancelled"));
    if (this.#entries.has(channel)) throw new HoldfastError(failure("already_subscribed"));
    return new Promise((resolve, reject) => {
      const state = new SubscriptionState<T, S>(channel, options, {
        ended: () => this.#ended(entry),
        violated: (name, what) => this.#shared.wire.drop(`protocol_violation: ${name}: ${what}`),
      });
      const entry: Entry = {
        state: state as SubscriptionState<unknown, unknown>,
        backoff: new Backoff(this.#shared.settings, 500, 5_000),
        settled: (error) => (error === undefined ? resolve(state) : reject(error)),
        id: undefined,
      };
      void state.ended.then((error) => {
        // Once it has begun the promise is settled, and an error would be made for nobody.
        if (!state.begun) entry.settled(error ?? new HoldfastError(failure("cancelled")));
      });
      this.#entries.set(channel, entry);
      this.#send(entry);
    });
  }

  /** The state of a channel, where it is subscribed to and known. */
  stateOf(channel: string): unknown {
    return this.#entries.get(channel)?.state.state;
  }

  /** Asks for what has not been asked for on this connection. */
  pump(): void {
    for (const entry of [...this.#entries.values()]) {
      if (entry.id === undefined && !entry.state.live && !entry.backoff.waiting) this.#send(entry);
    }
  }

  lost(): void {
    for (const entry of this.#entries.values()) {
      entry.backoff.cancel();
      entry.id = undefined;
      entry.state.lost();
    }
  }

  /** Ends all of them: without an error where the application asked for it. */
  closed(reason: Failure, error: HoldfastError | undefined): void {
    this.#closed = error ?? new HoldfastError(reason);
    for (const { state, settled } of [...this.#entries.values()]) {
      if (!state.begun) settled(this.#closed);
      state.end(error);
    }
  }

  /** Hands a push to its subscription. */
  handle(message: DownMessage & { readonly channel: string }): void {
    const entry = this.#entries.get(message.channel);
    if (entry === undefined) return;
    const { state } = entry;
    // While an answer is awaited, what ends or moves a subscription is of the one before.
    const isCurrent = entry.id === undefined;
    if (message.type === "publication") state.publication(message);
    else if (message.type === "ephemeral") state.ephemeral(message);
    else if (message.type === "reset") state.reset(message);
    // Unasked: the live subscription goes on under a new epoch.
    else if (message.type === "subscribed" && message.id === undefined && isCurrent) {
      state.begin(message);
    } else if (message.type === "unsubscribed" && message.code !== undefined && isCurrent) {
      state.lost();
      const { code, message: text, retryable } = message;
      const words = text ?? "The gateway ended the subscription.";
      this.#refused(entry, failed(code, words, retryable === true));
    }
  }

  #send(entry: Entry): void {
    const { channel } = entry.state;
    entry.id = this.#shared.requests.put(
      (id) => ({ type: "subscribe", id, channel, ...entry.state.request() }),
      (answer) => this.#answered(entry, answer),
    );
    if (entry.id === undefined) return;
    entry.backoff.after(this.#shared.settings.requestTimeoutMs, () =>
      this.#shared.wire.drop("no_answer"),
    );
  }

  #answered(entry: Entry, reply: Answer): void {
    entry.id = undefined;
    entry.backoff.cancel();
    if (entry.state.over) return;
    if (!reply.ok) {
      this.#refused(entry, reply);
      return;
    }
    const answer = answerOf(reply, "subscribed");
    if (!answer.ok) {
      this.#shared.wire.drop("protocol_violation");
      return;
    }
    entry.backoff.reset();
    entry.state.begin(answer.message);
    if (entry.state.begun) entry.settled();
  }

  #refused(entry: Entry, refusal: Failure): void {
    const { state, backoff } = entry;
    if (refusal.retryable) backoff.retry(() => this.#send(entry), refusal);
    else state.end(new HoldfastError(refusal, { position: state.position }));
  }

  #ended(entry: Entry): void {
    const { channel } = entry.state;
    if (this.#entries.get(channel) !== entry) return;
    this.#entries.delete(channel);
    entry.backoff.cancel();
    if (entry.id === undefined && !entry.state.live) return;
    this.#shared.requests.put(
      (id) => ({ type: "unsubscribe", id, channel }),
      () => {},
      true,
    );
  }
}
