import type { Clock, Random, Timer } from "@holdfast/core";
import type { DownMessage, Failure } from "@holdfast/protocol";
import { HoldfastError } from "../errors.js";
import { failure } from "../failures.js";
import { Backoff } from "../socket/backoff.js";
import type { SubscribeOptions } from "../subscription/events.js";
import { type Subscription, SubscriptionState } from "../subscription/subscription.js";
import type { Answer, Requests } from "./requests.js";

/** What the subscriptions need of the client. */
export interface SubscriptionsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly requests: Requests;
  readonly requestTimeoutMs: number;
  /** Gives the connection up, so that the next one resumes whole. */
  readonly drop: (reason: string) => void;
}

interface Entry {
  readonly state: SubscriptionState<unknown>;
  readonly backoff: Backoff;
  readonly settled: (failure?: HoldfastError) => void;
  id: number | undefined;
  /** The next try after a refusal, or the patience for an answer. */
  timer: Timer | undefined;
}

/** The client's subscriptions, at most one per channel; they outlive connections. */
export class Subscriptions {
  readonly #deps: SubscriptionsDeps;
  readonly #entries = new Map<string, Entry>();
  /** Why nothing will begin any more. */
  #closed: HoldfastError | undefined;

  constructor(deps: SubscriptionsDeps) {
    this.#deps = deps;
  }

  /** Settles when the subscription has begun; rejects with `HoldfastError` when it cannot. */
  subscribe<T>(channel: string, options: SubscribeOptions<T>): Promise<Subscription<T>> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (options.signal?.aborted) return Promise.reject(new HoldfastError(failure("cancelled")));
    if (this.#entries.has(channel)) {
      return Promise.reject(new HoldfastError(failure("already_subscribed")));
    }
    return new Promise((resolve, reject) => {
      const state = new SubscriptionState<T>(channel, options, {
        ended: () => this.#ended(entry),
        violated: (name, what) => this.#deps.drop(`protocol_violation: ${name}: ${what}`),
      });
      const entry: Entry = {
        state: state as SubscriptionState<unknown>,
        backoff: new Backoff(this.#deps.random, 500, 30_000),
        settled: (error) => (error === undefined ? resolve(state) : reject(error)),
        id: undefined,
        timer: undefined,
      };
      void state.ended.then((error) =>
        entry.settled(error ?? new HoldfastError(failure("cancelled"))),
      );
      this.#entries.set(channel, entry);
      this.#send(entry);
    });
  }

  opened(): void {
    for (const entry of [...this.#entries.values()]) this.#send(entry);
  }

  lost(): void {
    for (const entry of this.#entries.values()) {
      entry.timer?.cancel();
      entry.id = undefined;
      entry.state.lost();
    }
  }

  /** Ends all of them. */
  closed(error: HoldfastError | undefined): void {
    const reason = error ?? new HoldfastError(failure("closed"));
    this.#closed = reason;
    for (const { state, settled } of [...this.#entries.values()]) {
      if (!state.begun) settled(reason);
      if (error === undefined) state.close();
      else state.fail(error);
    }
  }

  /** Hands a push to its subscription. */
  handle(message: DownMessage & { readonly channel: string }): void {
    const entry = this.#entries.get(message.channel);
    if (entry === undefined) return;
    if (message.type === "publication") entry.state.publication(message);
    else if (message.type === "ephemeral") entry.state.ephemeral(message);
    else if (message.type === "reset") entry.state.reset(message);
    else if (message.type === "subscribed") {
      // While an answer is awaited it is of the subscription before.
      if (entry.id === undefined) entry.state.begin(message);
    } else if (message.type === "unsubscribed") {
      entry.state.lost();
      const { code = "closed", message: text, retryable = false } = message;
      this.#refused(entry, {
        ok: false,
        code,
        message: text ?? "The gateway ended the subscription.",
        retryable,
      });
    }
  }

  #send(entry: Entry): void {
    const { requests, clock, requestTimeoutMs, drop } = this.#deps;
    entry.timer?.cancel();
    const { channel } = entry.state;
    entry.id = requests.send(
      (id) => ({ type: "subscribe", id, channel, ...entry.state.request() }),
      (answer) => this.#answered(entry, answer),
    );
    if (entry.id === undefined) return;
    entry.timer = clock.after(requestTimeoutMs, () => drop("no_answer"));
  }

  #answered(entry: Entry, answer: Answer): void {
    entry.id = undefined;
    entry.timer?.cancel();
    if (entry.state.over) return;
    if (!answer.ok) {
      this.#refused(entry, answer);
      return;
    }
    if (answer.message.type !== "subscribed") {
      this.#deps.drop("protocol_violation");
      return;
    }
    entry.backoff.reset();
    entry.state.begin(answer.message);
    if (entry.state.begun) entry.settled();
  }

  #refused(entry: Entry, refusal: Failure): void {
    if (!refusal.retryable) {
      entry.state.fail(new HoldfastError(refusal, { position: entry.state.position }));
      return;
    }
    entry.timer?.cancel();
    entry.timer = this.#deps.clock.after(entry.backoff.next(refusal), () => this.#send(entry));
  }

  #ended(entry: Entry): void {
    const { channel } = entry.state;
    if (this.#entries.get(channel) !== entry) return;
    this.#entries.delete(channel);
    entry.timer?.cancel();
    if (entry.id === undefined && !entry.state.begun) return;
    this.#deps.requests.send(
      (id) => ({ type: "unsubscribe", id, channel }),
      () => {},
    );
  }
}
